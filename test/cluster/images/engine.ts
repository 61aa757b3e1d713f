import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aptInstall } from '../build/apt.ts'
import { cacheFolder } from '../build/cache.ts'
import { run, succeeds, until } from '../build/run.ts'
import { say, saying } from '../build/say.ts'

const pidFile = join(cacheFolder, 'dockerd.pid')

/** Makes sure that a container engine answers: the machine's own, or else Debian's, started in the background. */
export async function ensureEngine(): Promise<void> {
  if (await isEngineUp()) return
  await aptInstall(['docker.io', 'iptables', 'ca-certificates'], 'a cluster in a container')
  if (await isEngineUp()) return // Where services run, installing the package has started it.
  if (process.getuid?.() !== 0) throw new Error('Docker does not answer; start it, or run this as root')
  await saying('Starting a container engine (dockerd)', startEngine)
}

/** Stops the engine if `ensureEngine` started it and nothing runs in it any more. */
export async function stopEngine(): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (!pid || !(await isDockerd(pid))) return rm(pidFile, { force: true })
  if ((await docker(['ps', '--quiet'])) !== '') return say('Other containers run: dockerd stays')
  process.kill(pid, 'SIGTERM')
  await until('dockerd to end', 30, async () => !(await isDockerd(pid)))
  await rm(pidFile, { force: true })
  say('Stopped the dockerd that was started for the cluster')
}

/** Whether Docker answers. */
export function isEngineUp(): Promise<boolean> {
  return succeeds('docker', ['version', '--format', '{{.Server.Version}}'], { timeoutMs: 10_000 })
}

/** Runs the docker client and returns what it printed. */
export function docker(args: readonly string[], input?: string): Promise<string> {
  // The classic builder, because Debian's engine is too old for the one that newer clients prefer.
  const env = { DOCKER_BUILDKIT: '0', DOCKER_CLI_HINTS: 'false' }
  return run('docker', args, input === undefined ? { env } : { env, input })
}

/** Whether the engine has an image. */
export async function hasImage(ref: string): Promise<boolean> {
  return succeeds('docker', ['image', 'inspect', ref])
}

/** Whether images can be pulled here: asked with the smallest image there is, and not for long. */
export async function canPull(): Promise<boolean> {
  return succeeds('docker', ['pull', '--quiet', 'rancher/mirrored-pause:3.6'], { timeoutMs: 20_000 })
}

async function startEngine(): Promise<void> {
  await mkdir(cacheFolder, { recursive: true })
  const log = openSync(join(cacheFolder, 'dockerd.log'), 'a')
  const child = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] })
  child.unref()
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`dockerd ended; its log: ${join(cacheFolder, 'dockerd.log')}`)))
  })
  await writeFile(pidFile, String(child.pid))
  await Promise.race([until('dockerd', 60, isEngineUp), failed])
  child.removeAllListeners('exit')
}

// A process id alone may belong to another program by now.
async function isDockerd(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return command.trim() === 'dockerd'
}
