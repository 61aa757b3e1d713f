// npm run up: a cluster, Hamlet in it and a community that answers. Safe to repeat.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { say } from './build/say.ts'
import { toolFolders } from './build/tools.ts'
import { type Cluster, own } from './cluster.ts'
import { appImage } from './images/app-image.ts'
import { authority } from './install/ca.ts'
import { applyManifest, garden, gardenManifest, invitation, waitUntilServing } from './install/community.ts'
import { installHamlet } from './install/install.ts'
import { type Door, urlOf } from './install/visit.ts'
import { startCluster } from './kinds/start.ts'
import { readNotes, shellVariables, writeNotes } from './notes.ts'
import { help, readOptions, type UpOptions } from './options.ts'

const { folder } = own

async function up(options: UpOptions): Promise<void> {
  const cluster = await findCluster(options)
  const { cert } = await authority(folder)
  const local = cluster.ports !== undefined
  const door: Door = { domain: options.domain, ca: cert, port: cluster.ports?.https ?? 443, local }
  if (!options.waitOnly) {
    const image = options.image ?? (await appImage(cluster.images.appBase))
    if (options.image === undefined) await cluster.loadImage(image)
    await installHamlet(cluster, { image, folder })
  }
  if (!options.community) return say('Hamlet is installed')
  const manifest = gardenManifest(options.domain, cluster.ingressClass)
  if (!options.waitOnly) await applyManifest(cluster, manifest)
  await waitUntilServing(cluster, door, 240)
  await writeFile(join(folder, `${garden.name}.yaml`), manifest)
  await report(cluster, door)
}

async function findCluster(options: UpOptions): Promise<Cluster> {
  const { context, ingressClass, postgresImage } = options
  const before = await readNotes(folder)
  if (before && before.context !== context) {
    const there = before.context === undefined ? 'this machine' : `context ${before.context}`
    throw new Error(`\`up\` is already on ${there}; run \`npm run down\` first`)
  }
  if (context === undefined) {
    const cluster = await startCluster()
    await writeNotes(folder, { kind: cluster.kind })
    return cluster
  }
  const theirs = {
    context,
    ...(ingressClass === undefined ? {} : { ingressClass }),
    ...(postgresImage === undefined ? {} : { postgresImage }),
  }
  const cluster = await startCluster(own, theirs)
  await writeNotes(folder, { kind: 'context', context })
  return cluster
}

async function report(cluster: Cluster, door: Door): Promise<void> {
  const caPath = join(folder, 'ca.crt')
  const link = await invitation(cluster)
  const values = {
    KUBECONFIG: cluster.kubeconfigPath,
    HAMLET_URL: urlOf(door),
    HAMLET_CA: caPath,
    HAMLET_INVITE: link ?? '',
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'env'), shellVariables(values, await toolFolders()), { mode: 0o600 })
  const lines = [
    '',
    `Your community:  ${values.HAMLET_URL}   (certificate authority: ${caPath})`,
    `First organiser: ${link ?? 'somebody has signed up already'}`,
    `Kubeconfig:      ${cluster.kubeconfigPath}`,
    '',
    'Try next:',
    '  . .hamlet/env                                  # these values as shell variables, kubectl and helm in PATH',
    '  kubectl get communities,instances',
    '  sed s/garden/orchard/ .hamlet/garden.yaml | kubectl apply -f -   # a second community, next door',
    '',
    '`npm run down` removes all of it.',
  ]
  console.log(lines.join('\n'))
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options) await up(options)
  else console.log(help)
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
