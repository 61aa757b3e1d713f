// What a home does for its moves by itself, whatever becomes of their driver.
import { sql } from 'kysely'
import { changeFor } from '../directory/change.ts'
import type { Home } from '../directory/homes.ts'
import { AFTER_SWITCH, BEFORE_SWITCH, type Move } from '../directory/moves/move.ts'
import { readMove } from '../directory/moves/read.ts'
import { giveUp } from '../directory/moves/steps.ts'
import { startLoop, type Worker } from '../federation/loop.ts'
import { isRefusal } from '../refusal.ts'
import { SiblingUnreachable } from '../siblings/client.ts'
import { forgetNameless } from '../store/boots/given-up.ts'
import { compareResidents, noteMissing, verifyResidents } from '../store/boots/residents.ts'
import { isDatabaseDown } from '../store/failures.ts'
import { activate } from './arriving/activate.ts'
import { bringBack } from './arriving/bring-back.ts'
import { drop, isPast, type TargetDeps } from './arriving/target.ts'
import { arrived, fetchLate } from './late.ts'
import { demote } from './leaving/demote.ts'
import { letLeaversGo } from './leaving/leavers.ts'
import { release } from './leaving/release.ts'
import { CARRIED } from './rows/carried.ts'
import { emptyTwins } from './rows/stage.ts'

/** Nobody is frozen for longer: then the move is given up, unless it was switched. */
const FROZEN_MS = 10_000
/** How long the rows of a member who left are kept, and fences against late calls. */
const KEPT_DAYS = 30
/** So long members are brought back before moves are looked after again. */
const REPAIR_MS = 5_000
const OPEN = ['logging', 'quiet', 'frozen', 'staging', 'copied', 'sealed']

/** Looks every few seconds, where there are siblings. */
export function startTending(instance: TargetDeps): Worker {
  let sweptAt = Number.NEGATIVE_INFINITY
  let verified: number | undefined
  const repair = { at: Number.NEGATIVE_INFINITY, waitMs: 0 }
  return startLoop({
    pollMs: 3_000,
    random: instance.random,
    onError: (error) => {
      if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'moves wait for the database')
      else instance.log.error({ err: error }, 'moves could not be looked after')
    },
    step: async () => {
      const alone = instance.homes.instances().length < 2
      // First: people wait for it.
      if (!alone) await tendMoves(instance)
      const { homes, db, directory, log, config } = instance
      // A directory that was rebuilt may home people otherwise than the one that this process began with.
      if (!homes.regressed && homes.incarnation !== verified) {
        await verifyResidents({ db, directory, homes, log, ordinal: config.ordinal })
        verified = homes.incarnation
      }
      if (performance.now() - repair.at >= repair.waitMs) {
        const done = await repairHome(instance)
        repair.waitMs = done ? 0 : Math.min(60_000, repair.waitMs * 2 + 3_000)
        repair.at = performance.now()
      }
      if (alone) return false
      if (performance.now() - sweptAt > 3_600_000) {
        sweptAt = performance.now()
        await sweepMoves(instance)
      }
      return false
    },
  })
}

/**
 * Ends what this side of each move has to end: thaws who was frozen for too long or whose move was given up, activates
 * who has arrived, demotes who is active elsewhere, and asks for what came late. Only by what the directory says;
 * without it all stays as it is.
 */
export async function tendMoves(instance: TargetDeps, { frozenMs = FROZEN_MS } = {}): Promise<void> {
  const rows = await instance.db
    .selectFrom('moves')
    .select(['id', 'side', 'state', 'attempt', 'member_id'])
    .select(sql<boolean>`frozen_at <= now() - ${frozenMs} * interval '1 millisecond'`.as('too_long'))
    .where('state', 'in', OPEN)
    .execute()
  for (const row of rows) {
    if (instance.homes.regressed) return
    let known = await readMove(instance.directory, row.id)
    // A move is there before any home hears of it, and so is each of its attempts: such a directory is an older one.
    if (!known || known.attempt < row.attempt) {
      await instance.homes.disprove()
      continue
    }
    if (row.too_long === true && BEFORE_SWITCH.includes(known.step)) {
      instance.log.warn(
        { move: row.id, step: known.step },
        'a move is given up: its member was frozen too long',
      )
      const given = await changeFor(instance, (tx) => giveUp(tx, { id: row.id }, 'frozen-too-long'))
      if (isRefusal(given)) continue
      known = given
    }
    const settled = known
    await alone(instance, row.id, () => settle(instance, row, settled))
  }
  for (const { id } of await arrived(instance.db).execute())
    await alone(instance, id, () => fetchLate(instance, id))
}

/** One move that can go no further keeps nobody else waiting, who may be frozen. */
async function alone({ log }: TargetDeps, move: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (isDatabaseDown(error)) throw error
    if (error instanceof SiblingUnreachable) log.warn({ err: error, move }, 'a move waits for the other home')
    else log.error({ err: error, move }, 'a move could not be looked after')
  }
}

/**
 * After a restore of this database: lets go of those who live elsewhere, and brings back those who live here, as far as
 * there is a copy of them. What is missing then is noted, and tried again the next time. Gives false when it came no
 * further. Whoever was given up and has left is forgotten.
 */
export async function repairHome(instance: TargetDeps): Promise<boolean> {
  await forgetNameless(instance.db, instance.homes)
  const { rows } = await sql<{ missing: number; leaving: boolean }>`
    SELECT missing, EXISTS (SELECT FROM members WHERE state = 'leaving') AS leaving FROM home`.execute(
    instance.db,
  )
  const [found] = rows
  if (!found || (found.missing === 0 && !found.leaving && !(await lacksAnybody(instance)))) return true
  await instance.homes.refresh()
  if (instance.homes.regressed) return false
  const end = performance.now() + REPAIR_MS
  let back = 0
  if (found.leaving) await letLeaversGo(instance)
  for (const home of await missingHere(instance)) {
    // The rest the next time: others are frozen, perhaps.
    if (performance.now() > end) break
    try {
      const brought = await bringBack(instance, home)
      if (!isRefusal(brought)) {
        back++
        instance.log.warn('a member whom this database lacked is back')
      } else if (brought.code !== 'no-copy')
        instance.log.warn(
          { code: brought.code },
          'a member whom this database lacks cannot be brought back yet',
        )
    } catch (error) {
      // One sibling that is down keeps nobody from being brought back from another.
      if (isDatabaseDown(error)) throw error
      instance.log.warn({ err: error }, 'a member whom this database lacks cannot be brought back yet')
    }
  }
  const missing = await missingHere(instance)
  await noteMissing(
    instance.db,
    missing.map(({ id }) => id),
  )
  return missing.length === 0 || back > 0
}

/**
 * By memory, whatever was found when this home looked who lives here: it was put back before that, perhaps, while
 * somebody was on the way here, and lost their copy; they were switched all the same.
 */
const lacksAnybody = async (instance: TargetDeps): Promise<boolean> =>
  !instance.homes.regressed && (await missingHere(instance)).length > 0

async function missingHere({ db, homes, config }: TargetDeps): Promise<Home[]> {
  const residents = await db.selectFrom('members').select(['id', 'epoch', 'state']).execute()
  const { missing } = compareResidents(residents, homes, config.ordinal)
  return missing.flatMap((id) => homes.byId(id) ?? [])
}

async function settle(
  instance: TargetDeps,
  row: { readonly id: string; readonly side: string; readonly state: string; readonly attempt: number },
  known: Move,
): Promise<void> {
  const call = { move: row.id, attempt: row.attempt }
  const givenUp = known.step === 'undoing' || known.step === 'undone'
  if (row.side === 'source') {
    if (givenUp) await release(instance, call)
    else if (row.state === 'frozen' && (known.step === 'activated' || known.step === 'done')) {
      await demote(instance, call)
    }
  } else if (givenUp || (await isPast(instance, known))) await drop(instance, call)
  else if (row.state === 'sealed' && AFTER_SWITCH.includes(known.step)) await activate(instance, call)
}

/** Forgets what was kept long enough. */
export async function sweepMoves({ db }: Pick<TargetDeps, 'db'>, keptDays = KEPT_DAYS): Promise<void> {
  const old = await db
    .selectFrom('moves')
    .select('id')
    .where('state', 'in', ['demoted', 'active', 'undone'])
    .where('changed_at', '<', sql<Date>`now() - ${keptDays} * interval '1 day'`)
    .execute()
  for (const { id } of old) {
    await db.transaction().execute(async (tx) => {
      await emptyTwins(
        tx,
        id,
        CARRIED.map(({ table }) => table),
      )
      await tx.deleteFrom('moves').where('id', '=', id).execute()
    })
  }
}
