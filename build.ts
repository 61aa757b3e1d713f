// Bundles the operator and the instance into dist/, or the folder that is named: what the image holds, without development
// dependencies.
import { existsSync } from 'node:fs'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Packages with native parts can't be bundled; they are copied whole, with what they need. */
const NATIVE = ['sharp']

const OUT = process.argv[2] ?? 'dist'
await rm(OUT, { recursive: true, force: true })
await mkdir(OUT, { recursive: true })

await build({
  entryPoints: {
    operator: 'operator/main.ts',
    instance: 'instance/main.ts',
    // The operator starts it as a thread, by its name.
    'planner-thread': 'operator/apply/moving/planner-thread.ts',
  },
  outdir: OUT,
  outExtension: { '.js': '.js' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // What is loaded lazily stays in files of its own, so that a start reads only what it needs.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: false,
  legalComments: 'linked',
  external: [...NATIVE, 'pg-native'],
  // CommonJS packages inside an ES module bundle still call require.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.css': 'text', '.svg': 'text' },
  logLevel: 'warning',
})

// Without it Node parses each file twice at every start, to find out that it is a module.
await writeFile(join(OUT, 'package.json'), '{ "type": "module" }\n')

await cp('instance/store/migrations', join(OUT, 'migrations'), { recursive: true })
await cp('instance/web/public', join(OUT, 'public'), { recursive: true })

const require = createRequire(import.meta.url)

/** Where Node would find a package, whether or not it exports its own package.json; undefined if it is not installed. */
function packageFolder(name: string, from: string): string | undefined {
  const places = createRequire(from).resolve.paths(name) ?? []
  return places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json')))
}

/** Copies a package and its dependencies, skipping optional ones that are not installed for this platform. */
async function copyPackage(name: string, from: string, seen: Set<string>): Promise<void> {
  if (seen.has(name)) return
  seen.add(name)
  const folder = packageFolder(name, from)
  if (folder === undefined) return
  await cp(folder, join(OUT, 'node_modules', name), { recursive: true, dereference: true })
  const manifest = require(join(folder, 'package.json')) as Record<string, Record<string, string> | undefined>
  for (const list of ['dependencies', 'optionalDependencies']) {
    for (const dependency of Object.keys(manifest[list] ?? {})) {
      await copyPackage(dependency, join(folder, 'package.json'), seen)
    }
  }
}

const seen = new Set<string>()
for (const name of NATIVE) await copyPackage(name, import.meta.filename, seen)
