// Starts a script under the project's own Node: `node test/setup.mjs SCRIPT [ARGS]`.
// Plain JavaScript without dependencies, because it must run on any Node from 20 before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '../..')
const modules = join(root, 'node_modules')

/** Whether what is installed differs from the lock file; times would not tell, since npm writes both files. */
function isOutdated() {
  const installed = join(modules, '.package-lock.json')
  if (!existsSync(installed)) return true
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages
  const present = packages(installed)
  return Object.entries(packages(join(root, 'package-lock.json'))).some(
    ([path, wanted]) =>
      path !== '' && present[path]?.version !== wanted.version && !(wanted.optional && !present[path]),
  )
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.version} is too old: install Node 20.19 or newer`)
  process.exit(1)
}

if (isOutdated()) {
  console.error('Installing the npm packages …')
  const { status } = spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const [script, ...args] = process.argv.slice(2)
if (!script) {
  console.error('usage: node test/setup.mjs SCRIPT [ARGS]')
  process.exit(2)
}

const bin = [join(modules, '.bin'), join(modules, 'node', 'bin')]
const child = spawn(join(modules, 'node', 'bin', 'node'), [script, ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: [...bin, process.env.PATH].join(delimiter) },
})
// A terminal's Ctrl-C reaches the child by itself as well; a second signal does it no harm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`cannot start ${script}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  } else process.exit(code ?? 1)
})
