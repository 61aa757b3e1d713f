// Who lives here, by this database and by the directory: held against each other whenever one of them may have gone back.
import { type RawBuilder, sql } from 'kysely'
import type { Logger } from 'pino'
import type { Homes } from '../../directory/homes.ts'
import { isSameStay } from '../../directory/incarnation.ts'
import type { DirectoryDatabase, InstanceDatabase } from '../database.ts'
import { arrivingHere } from './arriving.ts'
import { giveUpForgotten } from './forgotten.ts'
import { codeOf } from './missing.ts'

export type ResidentDeps = {
  db: InstanceDatabase
  directory: DirectoryDatabase
  homes: Pick<Homes, 'all' | 'byId' | 'refresh' | 'regressed'>
  ordinal: number
  log: Logger
}

export type Resident = { readonly id: string; readonly epoch: number; readonly state: string }

export type Comparison = {
  /** Residents who have moved away since: the directory knows a greater epoch. */
  readonly demote: readonly { id: string; epoch: number }[]
  /** The directory says they live here, and they are not here. */
  readonly missing: readonly string[]
  /** Here, but the directory does not know them or knows an older epoch: it is the directory that is stale. */
  readonly unknown: readonly string[]
}

/** Not yet here, and no longer here. */
const AWAY = new Set(['staged', 'leaving'])
const isOlder = (homes: Pick<Homes, 'byId'>, id: string, epoch: number): boolean =>
  (homes.byId(id)?.epoch ?? 0) > epoch

/** Holds this home's residents against the directory. */
export function compareResidents(
  residents: readonly Resident[],
  homes: Pick<Homes, 'all' | 'byId'>,
  ordinal: number,
): Comparison {
  const settled = residents.filter((resident) => resident.state !== 'pending' && resident.state !== 'staged')
  const known = settled.map((resident) => ({ resident, home: homes.byId(resident.id) }))
  // Whoever is here as they were at an earlier stay is missing all the same.
  const here = new Set(
    residents
      .filter(
        ({ id, state, epoch }) => state === 'pending' || (!AWAY.has(state) && !isOlder(homes, id, epoch)),
      )
      .map(({ id }) => id),
  )
  return {
    // Only greater: lower or missing means that the directory went back in time, and must not evict anybody.
    demote: known.flatMap(({ resident, home }) =>
      home &&
      home.epoch > resident.epoch &&
      resident.state !== 'leaving' &&
      // Their stay was only given another number, which this home is about to take over.
      !(home.home === ordinal && isSameStay(home.epoch, resident.epoch))
        ? [{ id: resident.id, epoch: resident.epoch }]
        : [],
    ),
    missing: [...homes.all()]
      .filter((home) => home.home === ordinal && home.state === 'active' && !here.has(home.id))
      .map((home) => home.id),
    unknown: known
      .filter(({ resident, home }) => !home || home.epoch < resident.epoch)
      .map(({ resident }) => resident.id),
  }
}

/**
 * Reads the directory, compares, and demotes who moved away; whoever is about to is kept here, if this database has
 * forgotten that. Whoever is about to arrive is not missing. Until a boot row is inserted after this, nothing is written
 * for any member, so a restored home never speaks for people who live elsewhere.
 */
export async function verifyResidents(deps: ResidentDeps): Promise<Comparison> {
  const { db, homes, ordinal, log } = deps
  // Before the directory is read: what was switched until now is seen there.
  await giveUpForgotten(deps)
  await homes.refresh()
  const arriving = await arrivingHere(deps)
  const residents = await db.selectFrom('members').select(['id', 'epoch', 'state']).execute()
  const compared = compareResidents(residents, homes, ordinal)
  const found = { ...compared, missing: compared.missing.filter((id) => !arriving.has(id)) }
  for (const { id, epoch } of found.demote) await markLeaving(db, id, sql<boolean>`epoch = ${epoch}`)
  // An older directory homes people where they lived before.
  if (!homes.regressed) await noteMissing(db, found.missing)
  const counts = {
    demoted: found.demote.length,
    missing: found.missing.length,
    unknown: found.unknown.length,
  }
  if (counts.missing > 0) {
    log.error(
      counts,
      'members who live here are missing in this database: it was restored from an older copy',
    )
  }
  if (counts.unknown > 0) {
    log.error(counts, 'residents are missing in the directory: it was restored from an older copy')
  }
  return found
}

/** Nobody writes for them here any more, if their stay is such a one: whoever is writing is waited for. */
export async function markLeaving(
  db: InstanceDatabase,
  id: string,
  stay: RawBuilder<boolean>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${id}::bigint)`.execute(tx)
    await tx.updateTable('members').set({ state: 'leaving' }).where('id', '=', id).where(stay).execute()
  })
}

/** For the operator, who tells people of it, and for the work that brings them back. */
export async function noteMissing(db: InstanceDatabase, ids: readonly string[]): Promise<void> {
  const missing = ids.length
  const missing_code = codeOf(ids)
  await db
    .updateTable('home')
    .set({ missing, missing_code })
    .where('missing_code', '<>', missing_code)
    .execute()
}
