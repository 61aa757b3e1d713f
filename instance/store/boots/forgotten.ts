// Members who were frozen here to move away, of which a restore of this database knows nothing any more.
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { changeDirectory } from '../../directory/change.ts'
import { isSameStay } from '../../directory/incarnation.ts'
import { AFTER_SWITCH, type Move } from '../../directory/moves/move.ts'
import { movesAboutToSwitch } from '../../directory/moves/read.ts'
import { giveUp } from '../../directory/moves/steps.ts'
import { readSeen } from '../../directory/regression.ts'
import { isRefusal } from '../../refusal.ts'
import type { DirectoryDatabase, InstanceDatabase } from '../database.ts'

type Deps = { db: InstanceDatabase; directory: DirectoryDatabase; ordinal: number; log: Logger }

/**
 * Gives up every move that may be switched at any moment and whose member is not frozen here as it needs them to be:
 * they would write here while they come to life elsewhere, and what they wrote since the restore would be nowhere.
 * Nothing may be written for them before this has ended.
 */
export async function giveUpForgotten({ db, directory, ordinal, log }: Deps): Promise<void> {
  // The directory first: this home is never behind a step that is there, unless it was put back.
  for (const move of await movesAboutToSwitch(directory, ordinal)) {
    if (!(await writesHere(db, move))) continue
    const seen = await readSeen(db)
    const given = await changeDirectory(
      directory,
      (tx) => giveUp(tx, { id: move.id }, 'source-restored'),
      seen,
    )
    // An older directory is left alone: it undoes what was not switched when it is made whole.
    if (isRefusal(given) || AFTER_SWITCH.includes(given.step)) continue
    log.warn(
      { move: move.id, step: move.step },
      'a move is given up: this database was restored to before its member was frozen',
    )
  }
}

/** Whether the member is here as at the stay that the move ends, and will write although the move took them for frozen. */
async function writesHere(db: InstanceDatabase, { id, memberId, epoch }: Move): Promise<boolean> {
  const { rows } = await sql<{ epoch: number }>`
    SELECT members.epoch FROM members LEFT JOIN moves ON moves.id = ${id}::bigint
    WHERE members.id = ${memberId}::bigint AND members.state NOT IN ('staged', 'leaving')
      AND coalesce(moves.state, 'logging') IN ('logging', 'quiet')`.execute(db)
  return rows.some((row) => isSameStay(row.epoch, epoch))
}
