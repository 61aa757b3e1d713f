import { run } from '../build/run.ts'
import { kubectl, toolPath } from '../build/tools.ts'
import type { Cluster, ClusterName } from '../cluster.ts'
import { madeBy } from '../labels.ts'
import { saveKubeconfig } from './kubeconfig.ts'

/** What a person says about a cluster of their own. */
export type ContextOptions = {
  readonly context: string
  readonly ingressClass?: string
  readonly postgresImage?: string
}

/** A cluster of the user's, which is refused when Hamlet is in it and was not put there by `up`. */
export async function contextCluster(wish: ClusterName, options: ContextOptions): Promise<Cluster> {
  // The user's own KUBECONFIG is read here, and only this context of it is ever used.
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '--context', options.context]
  const text = await run(await toolPath('kubectl'), view)
  const kubeconfigPath = await saveKubeconfig(wish.folder, text)
  const refusal = whyRefused(await readTraces(kubeconfigPath))
  if (refusal) throw new Error(`context ${options.context}: ${refusal}`)
  return {
    kind: 'context',
    name: wish.name,
    kubeconfigPath,
    ingressClass: options.ingressClass ?? '',
    images: options.postgresImage ? { postgres: options.postgresImage } : {},
    loadImage: async () => {},
  }
}

/** What shows that Hamlet is in a cluster: its namespace and its resource definitions, with their labels. */
export type Trace = {
  readonly kind: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Why a cluster must be left alone, or nothing when what is there was made by `up`. */
export function whyRefused(traces: readonly Trace[]): string | undefined {
  const foreign = traces.find((trace) => trace.labels[madeBy] !== 'up')
  if (!foreign) return undefined
  const what = `${foreign.kind} ${foreign.name}`
  return `${what} is there and was not made by \`npm run up\` (no label ${madeBy}=up), so nothing was changed; use Helm`
}

async function readTraces(kubeconfig: string): Promise<readonly Trace[]> {
  const asked = ['namespace/hamlet', 'crd/communities.hamlet.coop', 'crd/instances.hamlet.coop']
  const text = await kubectl(['get', ...asked, '--ignore-not-found', '--output', 'json'], { kubeconfig })
  if (text.trim() === '') return []
  type Found = { kind: string; metadata: { name: string; labels?: Record<string, string> } }
  const parsed = JSON.parse(text) as Found | { items: readonly Found[] }
  const items = 'items' in parsed ? parsed.items : [parsed]
  return items.map((item) => ({
    kind: item.kind,
    name: item.metadata.name,
    labels: item.metadata.labels ?? {},
  }))
}
