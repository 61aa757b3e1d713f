// An instance's own database: made once, checked at every look, resized when the cap changes.

import { INSTANCE_CONNECTIONS } from '../../build/connections.ts'
import type { Claim } from '../../build/data/claim.ts'
import { emptyDatabase } from '../../build/lost.ts'
import { databaseName } from '../../build/names.ts'
import type { Step } from '../decision.ts'
import type { InstanceSnapshot, Refusal } from '../snapshot.ts'

export type DatabaseDecision = {
  readonly make: readonly Step[]
  readonly fill: readonly Step[]
  /** It is there, whole, and ours. */
  readonly sound: boolean
  readonly refusal: Refusal | undefined
}

export function decideDatabase(
  { instance, community, database, server }: InstanceSnapshot,
  claim: Claim,
  password: string,
): DatabaseDecision {
  const refuse = (refusal: Refusal): DatabaseDecision => ({ make: [], fill: [], sound: false, refusal })
  if (!server.ok) return refuse(server.refusal)
  if (database.state === 'unknown') return refuse(database.refusal)
  const { ordinal, cap } = instance.spec
  const { domain } = community.spec
  const name = databaseName(claim.prefix, ordinal)
  const existed = claim.made.has(String(ordinal))
  const { facts } = database
  const identity = facts?.identity
  // Somebody made it for a restore, perhaps: tables of ours would be in its way.
  if (existed && database.identified === false)
    return refuse({ reason: 'DataMissing', message: emptyDatabase(name) })
  if (existed && !database.there)
    return refuse({
      reason: 'DataMissing',
      message: `database ${name} is not there, though it was ${
        server.systemIdentifier === claim.systemIdentifier
          ? 'in use: restore it'
          : 'in use on another PostgreSQL: point to that one, or restore it here'
      }. Nothing is made anew`,
    })
  if (
    identity &&
    (identity.domain !== domain || identity.prefix !== claim.prefix || identity.ordinal !== ordinal)
  )
    return refuse({
      reason: 'DataMissing',
      message: `database ${name} belongs to instance ${identity.ordinal} of ${identity.domain}: point to the PostgreSQL that has the data of ${domain}`,
    })
  if (!database.there && server.placed >= server.carries)
    return refuse({
      reason: 'DatabaseFull',
      message: `PostgreSQL at ${server.endpoint.host}:${server.endpoint.port} has connections for ${server.carries} instances, and all are used: raise its max_connections${
        community.spec.database.mode === 'Shared' ? ' (chart value postgres.instances)' : ''
      }`,
    })
  const make: Step[] = []
  const whole = database.there && database.ready && database.pending === 0 && facts !== undefined
  if (!whole)
    make.push({
      do: 'makeDatabase',
      database: { name, kind: 'instance', password, existed, connections: INSTANCE_CONNECTIONS },
    })
  const fill: Step[] = []
  if (!identity || facts?.cap === undefined)
    fill.push({ do: 'identifyHome', name, identity: { domain, prefix: claim.prefix, ordinal }, cap, existed })
  else if (facts.cap !== Math.max(cap, facts.residents ?? cap)) fill.push({ do: 'setCap', name, cap })
  return { make, fill, sound: whole && identity !== undefined, refusal: undefined }
}
