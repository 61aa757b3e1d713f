import { cp, link, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cacheFolder, hashFiles, hashOf } from '../build/cache.ts'
import { buildProgram } from '../build/go-build.ts'
import { saying } from '../build/say.ts'
import { docker, hasImage } from './engine.ts'
import { nodeBase, pauseImage, postgresImage, programImage } from './images.ts'

const source = join(import.meta.dirname, 'node')

/** The image of a Kubernetes node that holds every image its cluster starts with, made from package registries. */
export async function nodeImage(): Promise<string> {
  const kube = await buildProgram('kube')
  const coredns = await buildProgram('coredns')
  const traefik = await buildProgram('traefik')
  const base = await nodeBase()
  // The names on the left are what edge.yaml and the kubelet ask for.
  const inside = {
    'localhost/pause:1': await pauseImage(),
    'localhost/coredns:1': await programImage('coredns', coredns),
    'localhost/traefik:1': await programImage('traefik', traefik),
    [await postgresImage()]: await postgresImage(),
  }
  const programs = [kube, coredns, traefik].map((path) => basename(dirname(path)))
  const ref = `localhost/hamlet-node:${hashOf(base, ...programs, ...Object.values(inside), await hashFiles(source))}`
  if (!(await hasImage(ref))) await saying(`Making the image ${ref}`, () => build(ref, base, kube, inside))
  return ref
}

async function build(ref: string, base: string, kube: string, inside: Record<string, string>): Promise<void> {
  await mkdir(cacheFolder, { recursive: true })
  // In the cache's folder, because linking a large file there is free.
  const context = await mkdtemp(join(cacheFolder, '.node-'))
  try {
    await cp(source, context, { recursive: true })
    await link(kube, join(context, 'kube'))
    await mkdir(join(context, 'images'))
    for (const [name, image] of Object.entries(inside)) {
      if (name !== image) await docker(['tag', image, name])
      const file = `${name.replaceAll(/[^a-z0-9]+/g, '-')}.tar`
      await docker(['save', '--output', join(context, 'images', file), name])
    }
    await docker(['build', '--quiet', '--build-arg', `BASE=${base}`, '--tag', ref, context])
  } finally {
    await rm(context, { recursive: true, force: true })
  }
}
