// What is said of an Instance.

import type { Finding } from '../../api/conditions.ts'
import type { InstanceCondition } from '../../api/instance.ts'
import { GIVE_UP } from '../../api/objects.ts'
import type { HomeFacts, InstanceSnapshot, Refusal } from '../snapshot.ts'
import type { InstanceCounts } from './decide.ts'
import { remaining } from './drained.ts'
import { rolledOut, serves, whyNotServing } from './pods.ts'

export type InstanceFinding = Finding<InstanceCondition>

export type InstanceStatusFacts = {
  readonly refusals: readonly Refusal[]
  readonly databaseName: string
  readonly databaseReady: boolean
  /** What is replaced before this one. */
  readonly waitsForTurn: string | undefined
}

export function describeInstance(
  { instance, community, database, live, pods, warnings, owed }: InstanceSnapshot,
  { refusals, databaseName, databaseReady, waitsForTurn }: InstanceStatusFacts,
): { findings: InstanceFinding[]; counts: InstanceCounts } {
  const home = database.state === 'known' ? database.facts : undefined
  const { members, cap } = instance.status
  const counts: InstanceCounts = {
    ...(home?.residents !== undefined ? { members: home.residents } : members !== undefined && { members }),
    ...(home?.cap !== undefined ? { cap: home.cap } : cap !== undefined && { cap }),
  }
  const [worst] = refusals
  const say = (
    type: InstanceCondition,
    good: boolean,
    yes: { reason: string; message: string },
    no: { reason: string; message: string },
  ): InstanceFinding => ({ type, status: good ? 'True' : 'False', ...(good ? yes : no) })
  const starting = (message: string) => ({ reason: 'Starting', message })

  /** Said only of one that is to be emptied. */
  const drained = (): InstanceFinding[] => {
    if (instance.spec.state === 'Active') return []
    const left = remaining(home, owed, community.spec.rebalance.retireAfterDays)
    return [
      left
        ? { type: 'Drained', status: left.reason === 'CountUnknown' ? 'Unknown' : 'False', ...left }
        : {
            type: 'Drained',
            status: 'True',
            reason: 'Empty',
            message: 'nobody lives here and nothing is left to deliver',
          },
    ]
  }
  const up = serves(live.deployment)
  const why = whyNotServing(live.deployment, pods, warnings)
  const serving = say(
    'Serving',
    up,
    { reason: 'Serving', message: 'a pod serves' },
    why ?? worst ?? starting('the pod is starting'),
  )
  const migrated = database.state === 'known' && home !== undefined && database.pending === 0
  const rolled = rolledOut(live.deployment) && waitsForTurn === undefined
  const ready = up && databaseReady && migrated && rolled && !worst
  const full = (counts.members ?? 0) >= (counts.cap ?? 0)
  return {
    counts,
    findings: [
      say(
        'Ready',
        ready,
        { reason: 'Serving', message: 'it serves its members' },
        worst ??
          why ??
          (waitsForTurn
            ? { reason: 'RolloutWaiting', message: waitsForTurn }
            : starting(up ? 'the pod is being replaced' : serving.message)),
      ),
      say(
        'DatabaseReady',
        databaseReady,
        { reason: 'DatabaseMade', message: `database ${databaseName}` },
        worst ?? starting(`database ${databaseName} is being made`),
      ),
      say(
        'Migrated',
        migrated,
        { reason: 'SchemaCurrent', message: 'the tables are those of this version' },
        worst ?? starting('migrations are to run'),
      ),
      serving,
      say(
        'Accepting',
        up && databaseReady && !full && instance.spec.state === 'Active',
        { reason: 'Accepting', message: 'there is room for new members' },
        instance.spec.state !== 'Active'
          ? { reason: instance.spec.state, message: 'takes no new members' }
          : full && home
            ? { reason: 'Full', message: `all ${counts.cap} seats are taken` }
            : { reason: serving.status === 'True' ? 'Starting' : serving.reason, message: serving.message },
      ),
      membersKnown(home, community, databaseName),
      ...drained(),
    ],
  }
}

/** Whether everybody is there whom the directory homes here. */
function membersKnown(
  home: HomeFacts | undefined,
  { metadata: { namespace, name } }: InstanceSnapshot['community'],
  databaseName: string,
): InstanceFinding {
  const type = 'MembersKnown'
  const { count = 0, code = '' } = home?.missing ?? {}
  if (!home)
    return { type, status: 'Unknown', reason: 'CountUnknown', message: 'its database was not looked into' }
  if (count === 0)
    return { type, status: 'True', reason: 'Counted', message: 'everybody who lives here is here' }
  return {
    type,
    status: 'False',
    reason: 'MembersMissing',
    message: `database ${databaseName} lacks ${count === 1 ? 'a member who lives' : `${count} members who live`} here, for it was restored to an older copy, and no other instance has kept them so far: restore a newer copy. Until then their pages say that they cannot be reached. To give them up for ever: kubectl -n ${namespace} annotate --overwrite community ${name} ${GIVE_UP}=${code}`,
  }
}
