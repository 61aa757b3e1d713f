// Whether the domain is ours, and what to do so that it is. Nothing is sent to PostgreSQL before.
import { buildClaim, type Claim } from '../../build/data/claim.ts'
import { inOrder, type Step } from '../decision.ts'
import type { CommunitySnapshot, Refusal } from '../snapshot.ts'
import { mayClaim } from './deletion/hold.ts'

export type Claimed =
  | { readonly claim: Claim }
  | { readonly groups: Step[][] }
  | { readonly refusal: Refusal }

export function decideClaim({ community, claim, settings, server, chance }: CommunitySnapshot): Claimed {
  const { metadata, spec } = community
  const owner = { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid }
  if (claim && !mayClaim(claim, metadata)) {
    const holder = `${claim.owner.namespace}/${claim.owner.name}`
    return {
      refusal: {
        reason: 'DomainTaken',
        message: `spec.domain ${spec.domain} belongs to the Community ${holder}: choose another domain; if ${holder} was deleted and its data is no longer wanted, create it again with deletionPolicy Delete, wait until it is Ready, and delete it`,
      },
    }
  }
  if (!claim) {
    const systemIdentifier = server.ok ? server.systemIdentifier : ''
    const object = buildClaim(settings.namespace, {
      domain: spec.domain,
      owner,
      prefix: databasePrefix(metadata.name, chance.prefix),
      systemIdentifier,
    })
    return { groups: inOrder([{ do: 'create', object }]) }
  }
  // One Community of that name in that namespace exists at a time, so an earlier one with another uid is gone.
  const data = {
    ...(claim.owner.uid !== owner.uid && { 'owner-uid': owner.uid }),
    // Another server is accepted only when it has the data, which is found out database by database.
    ...(server.ok &&
      claim.systemIdentifier !== server.systemIdentifier &&
      claim.made.size === 0 && { 'system-identifier': server.systemIdentifier }),
  }
  if (Object.keys(data).length > 0) return { groups: [[patchClaim(settings.namespace, claim, data)]] }
  return { claim }
}

/** Changes exactly the version of the claim that was seen. */
export const patchClaim = (namespace: string, claim: Claim, data: Record<string, string>): Step => ({
  do: 'patch',
  kind: 'configMap',
  name: { namespace, name: claim.name },
  patch: { metadata: { resourceVersion: claim.resourceVersion, uid: claim.uid }, data },
})

/** Adds a note that only grows, so that whoever else changes the claim at that moment does no harm. */
export const noteInClaim = (namespace: string, claim: Claim, data: Record<string, string>): Step => ({
  do: 'patch',
  kind: 'configMap',
  name: { namespace, name: claim.name },
  patch: { metadata: { uid: claim.uid }, data },
})

/** The name helps whoever looks at the server; the random part keeps two communities of one name apart. */
const databasePrefix = (name: string, random: string): string =>
  `${name.replaceAll('-', '_').slice(0, 30)}_${random}`
