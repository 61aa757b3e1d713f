import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFiles, hashOf } from '../build/cache.ts'
import { run } from '../build/run.ts'
import { saying } from '../build/say.ts'
import { docker, hasImage } from './engine.ts'

const root = join(import.meta.dirname, '../../..')
const dist = join(root, 'dist')
const sources = ['operator', 'instance', 'build.ts', 'package-lock.json', 'tsconfig.json']
const stampFile = join(root, 'node_modules/.cache/hamlet-build')

/** Bundles operator and instance into `dist/`, unless it was made from the same sources. */
export async function buildApp(): Promise<void> {
  const stamp = await hashFiles(...sources.map((path) => join(root, path)))
  const last = await readFile(stampFile, 'utf8').catch(() => '')
  if (last === stamp && existsSync(dist)) return
  await saying('Building operator and instance', () => run('npm', ['run', 'build'], { cwd: root }))
  await mkdir(join(stampFile, '..'), { recursive: true })
  await writeFile(stampFile, stamp)
}

/** The image with operator and instance, named by its content, so that equal builds are loaded once. */
export async function appImage(base: string | undefined): Promise<string> {
  await buildApp()
  const recipe = await readFile(join(root, 'Containerfile'))
  const ref = `localhost/hamlet:${hashOf(base ?? '', recipe, await hashFiles(dist))}`
  if (await hasImage(ref)) return ref
  const from = base === undefined ? [] : ['--build-arg', `BASE=${base}`]
  const args = ['build', '--quiet', ...from, '--file', join(root, 'Containerfile'), '--tag', ref, root]
  await saying(`Making the image ${ref}`, () => docker(args))
  return ref
}
