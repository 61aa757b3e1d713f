// The directory: its database, what the spec says, and whether it may be worked with.
import type { Community } from '../../api/objects.ts'
import { directoryConnections } from '../../build/connections.ts'
import { type Claim, madeKey } from '../../build/data/claim.ts'
import { emptyDatabase } from '../../build/lost.ts'
import { directoryName } from '../../build/names.ts'
import type { DirectoryChange, Step } from '../decision.ts'
import { awaitingApproval, movesOf } from '../rebalance/turn.ts'
import type { CommunitySnapshot, DirectoryFacts, DirectorySettings, Refusal } from '../snapshot.ts'
import { noteInClaim } from './claim.ts'

export type DirectoryDecision =
  | { readonly use: DirectoryFacts; readonly steps: readonly Step[][] }
  | { readonly make: readonly Step[][] }
  | { readonly refusal: Refusal }

export function decideDirectory(
  snapshot: CommunitySnapshot,
  claim: Claim,
  password: string,
): DirectoryDecision {
  const { community, directory, settings } = snapshot
  const name = directoryName(claim.prefix)
  if (directory.state === 'unknown') return { refusal: directory.refusal }
  const existed = claim.made.has('directory')
  const { domain, seats } = community.spec
  if (existed && !directory.there)
    return {
      refusal: {
        reason: 'DataMissing',
        message: `database ${name} is not there, though it was made${
          snapshot.server.ok && snapshot.server.systemIdentifier !== claim.systemIdentifier
            ? ' on another PostgreSQL: point to that one, or restore it here'
            : ': restore it'
        }. Nothing is made anew`,
      },
    }
  // Somebody made it for a restore, perhaps: tables of ours would be in its way.
  if (existed && directory.identified === false)
    return { refusal: { reason: 'DataMissing', message: emptyDatabase(name) } }
  const { facts } = directory
  const { identity } = facts ?? {}
  if (identity && (identity.domain !== domain || identity.prefix !== claim.prefix))
    return {
      refusal: {
        reason: 'DataMissing',
        message: `database ${name} belongs to ${identity.domain} (${identity.prefix}): point to the PostgreSQL that has the data of ${domain}`,
      },
    }
  const make: Step[] = []
  if (!directory.ready || directory.pending > 0 || !facts)
    make.push({
      do: 'makeDatabase',
      database: {
        name,
        kind: 'directory',
        password,
        existed,
        connections: directoryConnections(seats.maxInstances),
      },
    })
  const changes: DirectoryChange[] = []
  if (!identity) changes.push({ change: 'identify', domain, prefix: claim.prefix, existed })
  const wanted = wantedSettings(community, snapshot.rebalances)
  if (!sameSettings(facts?.settings, wanted)) changes.push({ change: 'settings', settings: wanted })
  if (facts ? facts.keys < 2 : !existed) changes.push({ change: 'keys' })
  const steps: Step[][] = [make]
  if (changes.length > 0) steps.push([{ do: 'changeDirectory', name, changes }])
  const notes = {
    ...(!existed && { [madeKey('directory')]: 'true' }),
    ...(snapshot.server.ok &&
      snapshot.server.systemIdentifier !== claim.systemIdentifier && {
        'system-identifier': snapshot.server.systemIdentifier,
      }),
  }
  if (Object.keys(notes).length > 0) steps.push([noteInClaim(settings.namespace, claim, notes)])
  return facts && identity ? { use: facts, steps } : { make: steps }
}

export function wantedSettings(
  community: Community,
  rebalances: CommunitySnapshot['rebalances'] = [],
): DirectorySettings {
  const { spec } = community
  const proposed = awaitingApproval(community, rebalances)
  return {
    title: spec.title,
    description: spec.description,
    registration: spec.registration,
    per_instance: spec.seats.perInstance,
    sign_ups_per_hour: spec.limits.signUpsPerHour,
    log_ins_per_hour: spec.limits.logInsPerHour,
    posts_per_hour: spec.limits.postsPerHour,
    max_instances: spec.seats.maxInstances,
    // Where nobody is moved, no seat is kept for that: people who come would wait for what does not happen.
    keep_seats: movesOf(community, rebalances) === 'On',
    // Derived from what is open now, so that it goes when the Rebalance is approved, stopped or deleted.
    proposed_moves: proposed?.status.left ?? null,
    proposed_reason: proposed?.spec.reason ?? null,
  }
}

const sameSettings = (a: DirectorySettings | undefined, b: DirectorySettings): boolean =>
  a !== undefined && (Object.keys(b) as (keyof DirectorySettings)[]).every((key) => a[key] === b[key])
