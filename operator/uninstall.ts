// `operator.js check-uninstall`: run by the chart before `helm uninstall` removes anything.
import { isNotFound } from './kube/error.ts'
import { resources } from './kube/resources.ts'
import type { Kube } from './kube/types.ts'

/**
 * Why the operator must not be removed, or undefined when it may: without it nobody would repair the Communities that
 * are there, nor finish those that are being deleted. `namespaces` undefined means all. `release` is what Helm calls this
 * installation (`name revision --namespace namespace`). No answer is not an empty list: whatever the API server refuses or
 * the network loses is thrown.
 */
export async function whyNotUninstall(
  { namespaces, release }: { namespaces: readonly string[] | undefined; release: string },
  { kube }: { kube: Pick<Kube, 'list'> },
): Promise<string | undefined> {
  const places = namespaces ? namespaces.map((namespace) => ({ namespace })) : [{}]
  const found: string[] = []
  for (const place of places) {
    try {
      const communities = await kube.list(resources.community, place)
      found.push(...communities.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    } catch (error) {
      // The definition itself is gone, and every Community with it.
      if (!isNotFound(error)) throw error
    }
  }
  if (found.length === 0) return undefined
  const some = found.sort().slice(0, 5).join(', ')
  const more = found.length > 5 ? ` and ${found.length - 5} more` : ''
  return (
    `${found.length === 1 ? '1 Community is' : `${found.length} Communities are`} still there (${some}${more}). ` +
    'Delete them first with kubectl delete community (their data stays unless spec.deletionPolicy is Delete), ' +
    'or go on without this check: helm uninstall --no-hooks. ' +
    // Helm notes the release as being uninstalled before it asks, and refuses to upgrade it from then on.
    `To keep Hamlet instead: helm rollback ${release}`
  )
}
