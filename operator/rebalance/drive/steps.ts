// What is done at each step of a move, and how it is known to be done.
import type { Move, Step } from '../../../instance/directory/moves/move.ts'
import { advance, switchHome } from '../../../instance/directory/moves/steps.ts'
import {
  MOVES,
  type SideState,
  type SourceVerb,
  sideState,
  type TargetVerb,
} from '../../../instance/move/calls.ts'
import { isRefusal, type Refusal, refuse } from '../../../instance/refusal.ts'
import { type SiblingAnswer, SiblingUnreachable } from '../../../instance/siblings/client.ts'
import type { Change, DriveDeps } from './drive.ts'

type Stepping = (deps: DriveDeps, change: Change, move: Move) => Promise<Move | Refusal>

/** Rounds of catching up before the freeze, so that little is left for it; fewer if there is little. */
const ROUNDS = 6
const FEW_CHANGES = 100

/** From each step to the next. The directory has the step only after the instance's state was read back. */
export const STEPPING: Readonly<Record<Exclude<Step, 'done' | 'undone'>, Stepping>> = {
  reserved: async (deps, change, move) => {
    const staged = await ask(deps, move, 'target', 'stage', ['staging', 'copied', 'sealed'])
    if (isRefusal(staged)) return staged
    const logging = await ask(deps, move, 'source', 'subscribe', ['logging', 'quiet', 'frozen'])
    if (isRefusal(logging)) return logging
    if (staged.schema !== logging.schema) return refuse('versions-differ')
    return change((tx) => advance(tx, move, 'subscribed'))
  },
  subscribed: async (deps, change, move) => {
    const copied = await ask(deps, move, 'target', 'copy', ['copied'])
    return isRefusal(copied) ? copied : change((tx) => advance(tx, move, 'copied'))
  },
  copied: async (deps, change, move) => {
    for (let round = 0; round < ROUNDS; round++) {
      const caught = await ask(deps, move, 'target', 'catch-up', ['copied'])
      if (isRefusal(caught)) return caught
      if ((caught.changes ?? 0) <= FEW_CHANGES) break
    }
    const quiet = await ask(deps, move, 'source', 'quiesce', ['quiet', 'frozen'])
    return isRefusal(quiet) ? quiet : change((tx) => advance(tx, move, 'quiesced'))
  },
  quiesced: async (deps, change, move) => {
    // Writes go on while all is compared; after the freeze only what changed since is.
    const compared = await ask(deps, move, 'target', 'compare', ['copied'])
    if (isRefusal(compared)) return compared
    const frozen = await ask(deps, move, 'source', 'freeze', ['frozen'])
    if (isRefusal(frozen)) return frozen
    // A rollout may have come in between.
    if (compared.schema !== frozen.schema) return refuse('versions-differ')
    return change((tx) => advance(tx, move, 'frozen'))
  },
  frozen: async (deps, change, move) => {
    const sealed = await ask(deps, move, 'target', 'seal', ['sealed'])
    return isRefusal(sealed) ? sealed : change((tx) => advance(tx, move, 'verified'))
  },
  verified: (_deps, change, move) => change((tx) => switchHome(tx, move)),
  switched: async (deps, change, move) => {
    const active = await ask(deps, move, 'target', 'activate', ['active'])
    return isRefusal(active) ? active : change((tx) => advance(tx, move, 'activated'))
  },
  activated: async (deps, change, move) => {
    // `undone`: it was put back to before they came there, and has nothing to let go of.
    const demoted = await ask(deps, move, 'source', 'demote', ['demoted', 'undone'])
    if (isRefusal(demoted)) return demoted
    const tidy = await ask(deps, move, 'target', 'tidy', ['active'])
    return isRefusal(tidy) ? tidy : change((tx) => advance(tx, move, 'done'))
  },
  undoing: async (deps, change, move) => {
    // The source first: the member has waited long enough.
    const released = await ask(deps, move, 'source', 'release', ['undone'])
    if (isRefusal(released)) return released
    const dropped = await ask(deps, move, 'target', 'drop', ['undone'])
    return isRefusal(dropped) ? dropped : change((tx) => advance(tx, move, 'undone'))
  },
}

/** Calls one side, and holds what it read back against what is wanted. A refusal says in its details which home was asked for what. */
async function ask(
  { call }: Pick<DriveDeps, 'call'>,
  move: Move,
  side: 'source' | 'target',
  verb: SourceVerb | TargetVerb,
  wanted: readonly string[],
): Promise<SideState | Refusal> {
  const ordinal = move[side]
  const asked = { ordinal, verb }
  let answer: SiblingAnswer
  try {
    answer = await call(ordinal, `${MOVES}/${verb}`, {
      method: 'POST',
      body: { move: move.id, attempt: move.attempt },
      timeoutMs: verb === 'copy' ? 600_000 : 30_000,
    })
  } catch (error) {
    if (error instanceof SiblingUnreachable) return refuse('unavailable', { details: asked })
    throw error
  }
  const { status, body } = answer
  // A home that waits for the other one says so, and names it.
  if (isRefusal(body)) return { ...body, details: { ...asked, ...body.details } }
  const state = sideState.safeParse(body)
  if (status !== 200 || !state.success) return refuse('unavailable', { details: { ...asked, status } })
  return wanted.includes(state.data.state) ? state.data : refuse('move-not-so-far', { details: asked })
}
