// Homes that do not do their part of a move: when that is told, and what it holds up.
import type { Community } from '../../api/objects.ts'
import { instanceName } from '../../build/names.ts'
import { PATIENCE_MS } from '../../rebalance/drive/patience.ts'
import type { Refusal } from '../snapshot.ts'
import type { MovesFacts, OpenMove, TroubleFacts } from './facts.ts'
import { canBeUndone, isStuck, isUndoing } from './settled.ts'

/** So many tries take half a minute. What is over before that is nobody's business. */
const TOLD_TRIES = 5

const isTold = ({ trouble }: OpenMove): boolean => (trouble?.tries ?? 0) >= TOLD_TRIES

/** Nothing goes on any more, and somebody has to look after it. */
export const isHalted = ({ open }: Pick<MovesFacts, 'open'>): boolean => open.length > 0 && open.every(isTold)

/** One that is stuck may be about one member; so many at one home are about the home, and nobody else is sent into that. */
const STUCK_AT_ONE = 2

/** What is wrong with a home that nobody is to be moved from or to. */
export function stuckAt({ open, now }: MovesFacts, ordinal: number): TroubleFacts | undefined {
  const there = open.filter((move) => isStuck(move, now) && move.trouble?.ordinal === ordinal)
  return there.length >= STUCK_AT_ONE ? (there[0]?.trouble ?? undefined) : undefined
}

/** Of all that is under way, what has been held up for the longest time; undefined while nothing is. */
export function describeTrouble(
  { open }: Pick<MovesFacts, 'open'>,
  community: Community,
): Refusal | undefined {
  const [move] = open.filter(isTold).sort((a, b) => (a.trouble?.since ?? 0) - (b.trouble?.since ?? 0))
  if (!move?.trouble) return undefined
  const { trouble } = move
  return { reason: reasonOf(trouble), message: `${describe(trouble, community)}. ${prospects(move)}` }
}

export const reasonOf = ({ answer }: TroubleFacts): Refusal['reason'] =>
  answer === null ? 'NotAnswering' : 'InstanceFailing'

/** The home by name, what it was asked for, since when, and where to look. */
export function describe({ ordinal, verb, answer, since, step }: TroubleFacts, community: Community): string {
  const { name, namespace } = community.metadata
  const home = instanceName(name, ordinal)
  const what = answer === null ? `${home} gives no answer to ${verb}` : `${home} answers ${answer} to ${verb}`
  const look =
    answer === null
      ? `kubectl -n ${namespace} describe instance ${home}`
      : `kubectl -n ${namespace} logs deployment/${home}`
  return `${what}, which a move asks for at the step ${step}, since ${new Date(since).toISOString()}: \`${look}\``
}

const MINUTES = PATIENCE_MS / 60_000

function prospects(move: OpenMove): string {
  if (isUndoing(move)) return 'It is being undone, and a seat is held until that is done'
  return canBeUndone(move)
    ? `If it does so for ${MINUTES} minutes the move is undone, and the plan goes on with others`
    : 'The member has been switched, so the move can only go forward: it is tried until it does'
}
