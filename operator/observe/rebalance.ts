// All facts about one Rebalance, read anew, and the ways to what it changes.
import type { Seen } from '../../instance/directory/regression.ts'
import type { Community, Rebalance } from '../api/objects.ts'
import { readSecret } from '../build/data/secrets.ts'
import { communitySecretName, directoryName } from '../build/names.ts'
import type { MovesFacts, RebalanceSnapshot } from '../decide/rebalance/facts.ts'
import type { DatabaseState, Refusal } from '../decide/snapshot.ts'
import { resources } from '../kube/resources.ts'
import { readMoves } from '../postgres/directory/moves.ts'
import type { Server } from '../postgres/server/session.ts'
import { findClaim, listInstances, type ObserveDeps } from './community.ts'
import { observeDatabase } from './database.ts'
import { askHomes } from './homes.ts'
import { observeServer } from './server.ts'

export type SeenRebalance = {
  readonly snapshot: Omit<RebalanceSnapshot, 'regressed' | 'replaced' | 'running' | 'resting' | 'plan'>
  /** Undefined where the directory was not read. */
  readonly ways:
    | {
        readonly server: Server
        /** The directory's name. */
        readonly directory: string
        readonly facts: MovesFacts
        /** The newest directory that its homes have seen. */
        readonly seen: Seen | undefined
        /** The text of the community's internal-key. */
        readonly key: string
      }
    | undefined
}

export async function observeRebalance(
  rebalance: Rebalance,
  community: Community,
  deps: ObserveDeps,
): Promise<SeenRebalance> {
  const { namespace, name } = community.metadata
  const [claim, instances, secret] = await Promise.all([
    findClaim(deps, community.spec.domain),
    listInstances(deps.kube, namespace, name),
    deps.kube.get(resources.secret, { namespace, name: communitySecretName(name) }),
  ])
  const base = { rebalance, community, instances, jitter: deps.random() }
  const refuse = (refusal: Refusal): SeenRebalance => ({
    snapshot: { ...base, moves: { ok: false, refusal } },
    ways: undefined,
  })
  if (claim?.owner.uid !== community.metadata.uid || !claim.made.has('directory'))
    return refuse({ reason: 'Starting', message: 'the community is not there yet' })
  const directory = directoryName(claim.prefix)
  const url = readSecret(secret)?.['directory-url']
  const key = readSecret(secret)?.['internal-key']
  if (key === undefined)
    return refuse({ reason: 'Starting', message: 'the Secret of the community is being made' })
  let known: Seen | undefined
  const seen = await observeServer<MovesFacts>(community, deps, async (server, session) => {
    // First: a change of the directory in between would look as if it had gone back.
    known = (await askHomes(server, claim)).newest
    return observeDatabase(
      { server, session, prepared: deps.prepared },
      { name: directory, kind: 'directory', url, connections: 0 },
      (inside) => readMoves(inside, rebalance.metadata.uid),
    )
  })
  if (!seen.facts.ok) return refuse(seen.facts.refusal)
  const refusal = whyUnread(seen.database)
  if (refusal) return refuse(refusal)
  if (seen.database.state !== 'known' || !seen.database.facts || !seen.server)
    return refuse({ reason: 'DatabaseUnreachable', message: 'the directory was not read' })
  const { facts } = seen.database
  const { domain } = community.spec
  if (facts.domain !== domain)
    return refuse({
      reason: 'DataMissing',
      message: `database ${directory} belongs to ${facts.domain}: point to the PostgreSQL that has the directory of ${domain}`,
    })
  return {
    snapshot: { ...base, moves: { ok: true, facts } },
    ways: { server: seen.server, directory, facts, seen: known, key },
  }
}

function whyUnread(database: DatabaseState<MovesFacts>): Refusal | undefined {
  if (database.state === 'unknown') return database.refusal
  if (!database.there || database.identified === false)
    return {
      reason: 'DataMissing',
      message: 'the directory is not there: see the conditions of the Community',
    }
  return database.facts
    ? undefined
    : { reason: 'Starting', message: 'the directory is being brought up to date' }
}
