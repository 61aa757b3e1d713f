// Plays a schedule: acts one after the other, and inside a move whatever interrupts it.
import { changeDirectory } from '../../../instance/directory/change.ts'
import { beginMove } from '../../../instance/directory/moves/begin.ts'
import type { Move } from '../../../instance/directory/moves/move.ts'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { isRefusal } from '../../../instance/refusal.ts'
import { abandon, drive } from '../../../operator/rebalance/drive/drive.ts'
import { forget, type Model, personOf } from '../model.ts'
import type { Act, Interruption, Op, Place, Schedule } from '../schedule/acts.ts'
import { setClock } from '../world/clock.ts'
import type { Which } from '../world/copies.ts'
import { type Point, type Watch, watched } from '../world/process.ts'
import { accepting, type Copy, copyOf, putBack, rebuild, verify } from '../world/restored.ts'
import type { World } from '../world/world.ts'
import { look, type Pages } from './look.ts'
import { actOfMember } from './members.ts'
import { arrive, type Sent, type Tale } from './strangers.ts'
import { applyAll, deliverAll, handOverAll } from './workers.ts'

export type Play = {
  readonly world: World
  readonly model: Model
  readonly tales: readonly Tale[]
  /** What of them is sent, in the order in which the rest of it arrives at last. */
  readonly story: readonly Sent[]
  /** What of the story some pod has said 202 to. */
  readonly told: Set<number>
  readonly pages: Pages
  /** What was begun and has not ended. */
  readonly running: Set<Promise<void>>
  /** A line for everything that happened, for whoever looks into a failure. */
  readonly log: string[]
  /** Copies that were taken and not yet brought back, the newest last. */
  readonly copies: { readonly of: Which; readonly copy: Copy }[]
  /** What was put back to one of them, each time. */
  readonly restores: Which[]
}

/** How long an interrupted move is held: long enough for what is not held up by the move itself. */
const HELD_MS = 25

export async function play(state: Play, schedule: Schedule): Promise<void> {
  for (const act of schedule.acts) {
    if (act.do === 'move') await move(state, act)
    else await within(begun(state, act))
  }
}

/** Begins something that may be held up; what becomes of it is seen at the end. */
function begun(state: Play, op: Op): Promise<void> {
  state.log.push(JSON.stringify(op))
  const doing = watched
    .exit(() => act(state, op))
    .then(() => oneHome(state))
    .catch((error: unknown) => {
      state.log.push(`${op.do} failed: ${error instanceof Error ? error.message : String(error)}`)
    })
  state.running.add(doing)
  void doing.then(() => state.running.delete(doing))
  return doing
}

/** After a restore nobody writes at two homes, at no moment. */
export async function oneHome({ world, model, restores }: Play): Promise<void> {
  if (restores.length === 0) return
  for (const { id, handle } of model.people) {
    const homes = await accepting(world, id)
    if (homes.length > 1)
      model.violations.push(
        `I12: writes of ${handle} are accepted at instances ${homes.join(' and ')} at once`,
      )
  }
}

async function within(doing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, HELD_MS)
  })
  await Promise.race([doing, over])
  clearTimeout(timer)
}

async function move(
  state: Play,
  { who, target, interruptions }: Extract<Act, { do: 'move' }>,
): Promise<void> {
  const { world, model, log } = state
  log.push(`move ${who} to ${target}`)
  if (world.driver.life.dead) await world.restart(world.driver)
  const waiting = new Set(interruptions)
  let over = false
  try {
    const memberId = personOf(model, who).id
    const open = (await openMoves(world.drive.directory)).find((one) => one.memberId === memberId)
    const begin =
      open ?? (await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId, target })))
    if (isRefusal(begin)) {
      log.push(`refused: ${begin.code}`)
      return
    }
    const ended = await watched.run(
      interrupting(state, waiting, () => over),
      () => drive({ ...world.drive, reached: (now: Move) => void log.push(now.step) }, begin.id),
    )
    log.push(JSON.stringify(ended))
  } catch (error) {
    log.push(`the driver failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    // What an instance still does for a driver that failed is no longer interrupted. Nor does what was held meanwhile end
    // badly: all might have been started again by then, and nobody would start the one that died of it.
    waiting.clear()
    over = true
  }
}

/** Holds the move at the places of its interruptions, and lets happen what is to happen there. */
function interrupting(state: Play, waiting: Set<Interruption>, isOver: () => boolean): Watch {
  let statements = 0
  return async (point) => {
    if (point.is === 'statement') statements++
    const here = [...waiting].filter(({ at }) => isAt(at, point, statements))
    let fate: Awaited<ReturnType<Watch>> = 'go'
    for (const one of here) {
      waiting.delete(one)
      state.log.push(
        `at ${point.is === 'statement' ? `statement ${statements} of ${point.by.name}: ${point.text.replace(/\s+/g, ' ').slice(0, 60)}` : `${point.when} ${point.verb}`}${one.fault ? ` ${one.fault}` : ''}`,
      )
      await within(Promise.all(one.ops.map((op) => begun(state, op))).then(() => undefined))
      fate = one.fault ?? fate
    }
    return isOver() ? 'go' : fate
  }
}

const isAt = (at: Place, point: Point, statements: number) =>
  'statement' in at
    ? point.is === 'statement' && at.statement === statements
    : point.is === 'call' && at.call === point.verb && at.when === point.when

async function act(state: Play, op: Op): Promise<void> {
  const { world, model } = state
  switch (op.do) {
    case 'arrive': {
      const index = op.nth % state.story.length
      const sent = state.story[index]
      if (sent && (await arrive(world, sent, op.pod))) state.told.add(index)
      return
    }
    case 'look':
      return look(state, op.pod, op.who)
    case 'spool':
      return handOverAll(world, world.pod(op.pod))
    case 'intake':
      return applyAll(world.pod(op.pod))
    case 'deliver':
      return deliverAll(world, world.pod(op.pod))
    case 'refresh':
      return world.pod(op.pod).instance.homes.refresh()
    case 'tend':
      return tendMoves(world.pod(op.pod).instance)
    case 'thaw':
      return tendMoves(world.pod(op.pod).instance, { frozenMs: 0 })
    case 'restart':
      return world.restart(world.pod(op.pod).process)
    case 'die':
      world.pod(op.pod).process.life.dead = true
      return
    case 'clock':
      return setClock(world.pod(op.pod), op.by)
    case 'directory-down':
    case 'directory-up':
      world.directoryDown = op.do === 'directory-down'
      return
    case 'drive-too':
      for (const open of await openMoves(world.drive.directory)) await drive(world.drive, open.id)
      return
    case 'abandon':
      for (const open of await openMoves(world.drive.directory)) await abandon(world.drive, open.id, 'wanted')
      return
    case 'keep':
      state.copies.push({ of: op.of, copy: await copyOf(world, op.of) })
      return
    case 'put-back': {
      const last = state.copies.findLastIndex(({ of }) => of === op.of)
      const [found] = last < 0 ? [] : state.copies.splice(last, 1)
      if (!found) return
      // As soon as it is begun: homes may meet it before it is told to be over.
      state.restores.push(op.of)
      try {
        await putBack(world, op.of, found.copy, op)
      } catch (error) {
        model.violations.push(`nothing was put back: ${String(error)}`)
        return
      }
      // The directory forgets nothing that homes know.
      if (op.of !== 'directory') forget(model)
      return
    }
    case 'rebuild':
      return rebuild(world)
    case 'verify':
      await verify(world.pod(op.pod))
      if (state.restores.includes(op.pod)) await world.pod(op.pod).home.reboot()
      return
    case 'repair':
      await repairHome(world.pod(op.pod).instance)
      return
    case 'late-call': {
      const call = world.calls[op.nth]
      if (call) await world.drive.call(call.to, call.path, { method: 'POST', body: call.body })
      return
    }
    default:
      return actOfMember(world, model, op)
  }
}
