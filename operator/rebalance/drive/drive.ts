// Walks one move from where it is to its end. Any replica may take it up at any step; whoever drove it before is fenced.
import type { Logger } from 'pino'
import { changeDirectory } from '../../../instance/directory/change.ts'
import type { Move } from '../../../instance/directory/moves/move.ts'
import { giveUp, takeUp } from '../../../instance/directory/moves/steps.ts'
import { type Blame, noteTrouble } from '../../../instance/directory/moves/trouble.ts'
import type { Seen } from '../../../instance/directory/regression.ts'
import type { InternalCall } from '../../../instance/move/calls.ts'
import { isRefusal, type Refusal } from '../../../instance/refusal.ts'
import type { DirectoryDatabase, DirectoryTransaction } from '../../../instance/store/database.ts'
import { isLong } from './patience.ts'
import { STEPPING } from './steps.ts'

export type DriveDeps = {
  /** As the owner of its tables: instances may not begin or walk moves. */
  readonly directory: DirectoryDatabase
  readonly call: InternalCall
  /** The newest directory that the operator saw: an older one is left alone. */
  readonly seen?: () => Seen | undefined
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Told of every step, the one it was taken up at first. */
  readonly reached?: (move: Move) => Promise<void> | void
}

export type Driven =
  | { readonly is: 'done' }
  /** Both homes are as they were. */
  | { readonly is: 'undone'; readonly code: string }
  /** Nothing was decided; drive it again. */
  | { readonly is: 'later'; readonly code: string }

/** One change of the directory on the move's behalf. */
export type Change = <T>(fn: (tx: DirectoryTransaction) => Promise<T | Refusal>) => Promise<T | Refusal>

/**
 * Takes the move up and walks it to its end, or as far as it goes: what cannot be reached is `later`, and is left where
 * it is, until that has taken too long before the switch. Throws if the directory gives no answer; driving it again then
 * goes on from what did happen.
 */
export async function drive(deps: DriveDeps, id: string): Promise<Driven> {
  const change: Change = (fn) => changeDirectory(deps.directory, fn, deps.seen?.())
  const taken = await change((tx) => takeUp(tx, id))
  if (isRefusal(taken)) return { is: 'later', code: taken.code }
  let move: Move = taken
  await deps.reached?.(move)
  while (move.step !== 'done' && move.step !== 'undone') {
    const next: Move | Refusal = await STEPPING[move.step](deps, change, move)
    if (!isRefusal(next)) {
      move = next
      await deps.reached?.(move)
      continue
    }
    if (await waitsOn(deps, change, move, next)) return { is: 'later', code: next.code }
    deps.log.warn({ move: id, step: move.step, code: next.code, ...next.details }, 'a move is given up')
    const given: Move | Refusal = await change((tx) => giveUp(tx, move, next.code))
    if (isRefusal(given)) return { is: 'later', code: given.code }
    move = given
  }
  return move.step === 'done' ? { is: 'done' } : { is: 'undone', code: move.code ?? 'unknown' }
}

/** Asks for the undoing of a move, whoever drives it; false if it can only be finished. */
export async function abandon(deps: DriveDeps, id: string, code: string): Promise<boolean> {
  const given = await changeDirectory(deps.directory, (tx) => giveUp(tx, { id }, code), deps.seen?.())
  return !isRefusal(given) && (given.step === 'undoing' || given.step === 'undone')
}

/** Whether the move is left where it is. What a home has not done is noted where the next driver finds it. */
async function waitsOn(
  { log }: Pick<DriveDeps, 'log'>,
  change: Change,
  move: Move,
  refusal: Refusal,
): Promise<boolean> {
  if (isFinal(refusal) && isBeforeSwitch(move)) return false
  const last = OF_DIRECTORY.has(refusal.code) ? undefined : blameOf(refusal)
  if (!last) return true
  const noted = await change((tx) => noteTrouble(tx, move, last))
  if (isRefusal(noted)) return true
  const { trouble, now } = noted
  const what =
    last.answer === null ? 'a home gives a move no answer' : 'a home does not do its part of a move'
  log.warn({ move: move.id, ...trouble, forMs: now - trouble.since }, what)
  return !isBeforeSwitch(move) || !isLong(trouble, now)
}

function blameOf({ code, details }: Refusal): Blame | undefined {
  const { ordinal, verb, status } = details ?? {}
  if (typeof ordinal !== 'number' || typeof verb !== 'string') return undefined
  return {
    ordinal,
    verb,
    answer: code !== 'unavailable' ? code : status === undefined ? null : String(status),
  }
}

const isBeforeSwitch = (move: Move) => !['switched', 'activated', 'undoing'].includes(move.step)

/** What will not be otherwise when it is asked again. The rest is somebody else's doing, or a matter of time. */
const LATER = new Set(['move-overtaken', 'directory-regressed', 'restored', 'unavailable', 'unsettled'])
/** No home is to blame for these. */
const OF_DIRECTORY = new Set(['move-overtaken', 'directory-regressed'])
const isFinal = (refusal: Refusal) => !LATER.has(refusal.code)
