// One instance as the image runs it: the bundle, in a process of its own, over a database of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCommunity } from '../../postgres/databases.ts'
import { startPostgres } from '../../postgres/server/server.ts'

const BUNDLE = new URL('../../../dist/instance.js', import.meta.url).pathname

export type InstanceProcess = {
  readonly child: ChildProcess
  readonly domain: string
  /** Milliseconds from the process's start to the first 200 of /readyz. */
  readonly readyMs: number
  readonly port: number
  /** Resident memory in MB, as the kernel counts it. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/** What the image sets for Node and its memory, so that a benchmark measures what runs in a pod. */
export async function imageSettings(): Promise<Record<string, string>> {
  const file = await readFile(new URL('../../../Containerfile', import.meta.url), 'utf8')
  const found = [...file.matchAll(/^ENV (NODE_OPTIONS|MALLOC_ARENA_MAX)="?([^"\n]*)/gm)]
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
}

/** A fresh server, community and bundle, for benchmarks that start instances again and again. */
export async function bench(): Promise<{
  start(): Promise<InstanceProcess>
  adminUrl: string
  stop(): Promise<void>
}> {
  execFileSync(process.execPath, ['build.ts'], { stdio: 'inherit' })
  const server = await startPostgres({ settings: { fsync: 'on' } })
  const community = await makeCommunity(server.port, { homes: 1 })
  await community.close()
  const secrets = await mkdtemp(join(tmpdir(), 'hamlet-bench-'))
  await writeFile(join(secrets, 'database-url'), community.homes.get(1)?.url ?? '')
  await writeFile(join(secrets, 'directory-url'), community.directoryUrl)
  await writeFile(join(secrets, 'internal-key'), randomBytes(24).toString('hex'))
  const compiled = join(secrets, 'compiled')
  const settings = await imageSettings()
  let port = 20_000 + (process.pid % 20_000)
  const start = async (): Promise<InstanceProcess> => {
    port += 2
    const [publicPort, internalPort] = [port, port + 1]
    const began = performance.now()
    const child = spawn(process.execPath, [BUNDLE], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        ...settings,
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: compiled,
        HAMLET_DOMAIN: community.domain,
        HAMLET_ORDINAL: '1',
        HAMLET_SECRETS: secrets,
        HAMLET_PUBLIC_PORT: String(publicPort),
        HAMLET_INTERNAL_PORT: String(internalPort),
        HAMLET_LOG_LEVEL: 'warn',
      },
    })
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    for (;;) {
      const ready = await fetch(`http://127.0.0.1:${internalPort}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      )
      if (ready) break
      if (child.exitCode !== null) throw new Error(`the instance ended with ${child.exitCode}`)
      await new Promise((wake) => setTimeout(wake, 2))
    }
    const readyMs = performance.now() - began
    return {
      child,
      domain: community.domain,
      readyMs,
      port: publicPort,
      memory: async () => {
        const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
      },
      stop: async () => {
        child.kill('SIGTERM')
        await gone
      },
    }
  }
  return {
    start,
    adminUrl: community.adminUrls.homes.get(1) ?? '',
    stop: async () => {
      await server.stop()
      await rm(secrets, { recursive: true, force: true })
    },
  }
}
