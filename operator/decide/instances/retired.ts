// An instance that is retired for good: its pod goes when nothing is left there, then the rest, and at last its object.
import { type Claim, retiredKey } from '../../build/data/claim.ts'
import { databaseName } from '../../build/names.ts'
import { noteInClaim } from '../community/claim.ts'
import { inOrder, type Step } from '../decision.ts'
import type { InstanceSnapshot } from '../snapshot.ts'
import { isDrained } from './drained.ts'

/**
 * What takes it away; undefined: something is left there, or nobody could look, so it is looked after as before. How long
 * rows are kept was asked before it was retired. Whoever was here for a moment only, such as a delivery of a sibling that
 * had not read the directory for a while, is still waited for. A database that does not even say whose it is, as of an
 * instance that was never opened, has nothing of anybody's in it; it is left as it is, for it may be there for a restore.
 */
export function decideRetired(
  { instance, community, settings, database, live, pods, owed }: InstanceSnapshot,
  claim: Claim,
): Step[][] | undefined {
  if (instance.spec.state !== 'Retired' || database.state !== 'known') return undefined
  const { ordinal } = instance.spec
  const { facts } = database
  const nobodys = database.there && database.identified === false
  if (database.there && !nobodys) {
    const identity = facts?.identity
    const ours = identity?.prefix === claim.prefix && identity.ordinal === ordinal
    if (!facts || !ours || !isDrained(facts) || owed !== 0) return undefined
  }
  const remove = (objects: readonly (typeof live.secret)[]): Step[] =>
    objects.flatMap((object): Step[] => (object ? [{ do: 'delete', object }] : []))
  const running = remove([live.deployment, live.service])
  if (running.length > 0) return inOrder(running)
  // It may still write.
  if (pods.length > 0) return []
  const name = databaseName(claim.prefix, ordinal)
  const keep = nobodys || community.spec.deletionPolicy !== 'Delete'
  const { apiVersion, kind, metadata } = instance
  return inOrder(
    claim.retired.has(ordinal)
      ? []
      : [noteInClaim(settings.namespace, claim, { [retiredKey(ordinal)]: 'true' })],
    database.there || !keep ? [{ do: 'retireDatabase', name, keep }] : [],
    remove([live.secret]),
    [{ do: 'delete', object: { apiVersion, kind, metadata } }],
  )
}
