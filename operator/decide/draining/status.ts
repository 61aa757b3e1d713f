// What is said of instances that are emptied, and of fewer that would do.
import type { Finding } from '../../api/conditions.ts'
import type { Community, Instance } from '../../api/objects.ts'
import { instanceName } from '../../build/names.ts'
import type { Growth } from '../growth/growth.ts'
import { movesOf } from '../rebalance/turn.ts'
import type { CommunitySnapshot, DirectoryInstance } from '../snapshot.ts'
import type { Draining } from './draining.ts'

type Said = Finding<'Drained' | 'Compact'>
type Told = { readonly reason: string; readonly message: string }

export function describeDraining(
  { community, instances, rebalances }: Pick<CommunitySnapshot, 'community' | 'instances' | 'rebalances'>,
  rows: readonly DirectoryInstance[],
  decided: Draining,
  growth: Growth | undefined,
): Said[] {
  const { spec } = community
  const name = (ordinal: number) => instanceName(community.metadata.name, ordinal)
  const emptied = rows.filter(({ state }) => state === 'Draining')
  const opening = rows
    .filter(({ state, ordinal }) => state === 'Opening' && spec.drain.includes(ordinal))
    .map(({ ordinal }) => whyOpening(ordinal, decided, name))
  const held = whyHeld(decided, growth, name, spec.seats.maxInstances)
  const drained: Told | undefined =
    decided.unknown.length > 0
      ? {
          reason: 'InvalidSpec',
          message: `spec.drain: there is no instance ${decided.unknown.map(name).join(', ')}, and none is opened of that name as long as it is named here: correct it, or take it out (\`kubectl get instances\` shows which there are)`,
        }
      : (held ??
        (emptied.length > 0
          ? going(
              movesOf(community, rebalances) === 'Off' && emptied.some(({ taken }) => taken > 0),
              emptied.map((row) => one(row, instances, name)),
            )
          : opening.length > 0
            ? {
                reason: 'InstanceStarting',
                message: opening.join('; '),
              }
            : undefined))
  const compact: Told | undefined =
    emptied.length > 0
      ? {
          reason: 'Draining',
          message: `${emptied.map(({ ordinal }) => name(ordinal)).join(', ')} is to be emptied`,
        }
      : decided.shrink.fits
        ? {
            reason: 'MoreThanNeeded',
            message: `the members would fit into fewer instances: ${whatNext(community)}`,
          }
        : undefined
  return [
    drained
      ? { type: 'Drained', status: 'False', ...drained }
      : { type: 'Drained', status: 'True', reason: 'Settled', message: 'no instance is to be emptied' },
    compact
      ? { type: 'Compact', status: 'False', ...compact }
      : {
          type: 'Compact',
          status: 'True',
          reason: 'Settled',
          message: 'the members would not fit into fewer instances',
        },
  ]
}

function whyHeld(
  { heldBack }: Draining,
  growth: Growth | undefined,
  name: (ordinal: number) => string,
  maxInstances: number,
): Told | undefined {
  if (heldBack === undefined) return undefined
  const who = `spec.drain: ${name(heldBack)} is the last instance that takes members`
  if (growth?.why === 'MaxInstancesReached')
    return {
      reason: 'MaxInstancesReached',
      message: `${who}, and there may be no other with spec.seats.maxInstances ${maxInstances}: raise it, or take the instance out of spec.drain`,
    }
  return { reason: 'InstanceStarting', message: `${who}: it is emptied when another one has been opened` }
}

function whyOpening(
  ordinal: number,
  { unopened, silent }: Draining,
  name: (ordinal: number) => string,
): string {
  if (unopened.includes(ordinal) && silent.length > 0)
    return `${name(ordinal)} has not been opened, and goes when the databases of all others answer (not yet: ${silent.map(name).join(', ')})`
  return `${name(ordinal)} is being opened, and is emptied after that`
}

const going = (off: boolean, said: readonly string[]): Told =>
  off
    ? {
        reason: 'RebalanceOff',
        message: `${said.join('; ')}: nobody is moved, for spec.rebalance.mode is Off: set it to Auto or Manual`,
      }
    : { reason: 'Draining', message: said.join('; ') }

/** Numbers are in the status: a message that changed with each member would be written again and again. */
function one(
  row: DirectoryInstance,
  instances: readonly Instance[],
  name: (ordinal: number) => string,
): string {
  if (row.taken > 0) return `${name(row.ordinal)} is being emptied`
  const instance = instances.find(({ spec }) => spec.ordinal === row.ordinal)
  const drained = instance?.status.conditions?.find(({ type }) => type === 'Drained')
  return `${name(row.ordinal)} has no members any more${drained ? `: ${drained.message}` : ''}`
}

function whatNext({ spec }: Community): string {
  const { mode, shrinkAfterDays } = spec.rebalance
  return mode === 'Auto' && shrinkAfterDays > 0
    ? `the emptiest is emptied when that has been so for ${shrinkAfterDays} days (spec.rebalance.shrinkAfterDays)`
    : 'name one in spec.drain to empty it'
}
