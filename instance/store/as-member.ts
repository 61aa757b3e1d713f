// The fence of every write: a transaction that changes a member's rows holds a lock on the member and has checked that
// the member lives here. Moving somebody takes the same lock exclusively, so no write is lost between two homes.
import { sql } from 'kysely'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { isBooted } from './boots/boots.ts'
import type { InstanceDatabase, InstanceTransaction } from './database.ts'

export type MemberRef = { readonly id: string; readonly epoch: number }
type Deps = { readonly db: InstanceDatabase; readonly boot: string }

/**
 * Runs `fn` in a transaction as this member, who must be active here with this epoch. Returns what `fn` returns, or
 * why it was not run: `frozen`, `unsettled` and `restored` (503), `suspended` (403), `elsewhere` (421).
 * If `fn` returns a refusal, what it wrote is undone. No I/O but this database inside.
 */
export function asMember<T>(
  deps: Deps,
  member: MemberRef,
  fn: (tx: InstanceTransaction) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return fenced(deps, [member.id], (rows) => rows[0] && refusalFor(rows[0], member.epoch), fn)
}

/**
 * The same for what happens to several residents at once, such as a post that arrives for them: all are locked in the
 * order of their ids, whatever the order given. Suspended residents are written too: they keep what arrives.
 * The first that cannot be written refuses it all, and is named in `details.member`.
 */
export function asMembers<T>(
  deps: Deps,
  members: readonly string[],
  fn: (tx: InstanceTransaction) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return fenced(
    deps,
    members,
    (rows) => {
      for (const row of rows) {
        const refusal = row.state === 'suspended' ? undefined : refusalFor(row, row.epoch)
        if (refusal) return refusal
      }
      return undefined
    },
    fn,
  )
}

/**
 * As `asMember`, for a verb that also writes rows of other residents, such as their notifications: everybody is locked
 * in the order of their ids. An other who is no longer here, or being moved, makes it `unavailable` (503): the caller
 * asks again and then finds where they live. Never 421 because of an other, for that would send the author away.
 */
export function asMemberTouching<T>(
  deps: Deps,
  member: MemberRef,
  others: readonly string[],
  fn: (tx: InstanceTransaction) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return fenced(
    deps,
    [member.id, ...others],
    (rows) => {
      const self = rows.find((row) => row.id === member.id)
      const refusal = self && refusalFor(self, member.epoch)
      if (refusal) return refusal
      const away = rows.some(
        (row) => row.id !== member.id && row.state !== 'suspended' && refusalFor(row, row.epoch),
      )
      return away ? refuse('unavailable', { retryAfter: 2 }) : undefined
    },
    fn,
  )
}

type Row = { id: string; state: string | null; epoch: number | null }

async function fenced<T>(
  { db, boot }: Deps,
  members: readonly string[],
  check: (rows: readonly Row[]) => Refusal | undefined,
  fn: (tx: InstanceTransaction) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const ids = inLockOrder(members)
  try {
    return await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        for (const id of ids) await sql`SELECT pg_advisory_xact_lock_shared(${id}::bigint)`.execute(tx)
        // A statement sees what was committed before it began. In the statement that waits for the lock, also in a
        // CTE of it, this check would see the member as they were before the wait, and lose the write.
        const { rows } = await sql<Row & { booted: boolean }>`
          SELECT wanted.id, members.state, members.epoch,
                 ${isBooted(boot)} AS booted
          FROM (SELECT 0::bigint AS id UNION ALL SELECT unnest(${ids}::bigint[])) AS wanted
          LEFT JOIN members ON members.id = wanted.id
          ORDER BY wanted.id`.execute(tx)
        if (!rows[0]?.booted) throw new Refused(refuse('restored'))
        const refusal = check(rows.filter((row) => row.id !== '0'))
        if (refusal) throw new Refused(refusal)
        const result = await fn(tx)
        if (isRefusal(result)) throw new Refused(result)
        return result
      })
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

/** Each once, lowest first: two transactions that lock the same members can then not wait for each other. */
export function inLockOrder(members: readonly string[]): string[] {
  return [...new Set(members)].sort((a, b) => {
    const difference = BigInt(a) - BigInt(b)
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  })
}

function refusalFor(row: Row, epoch: number | null): Refusal | undefined {
  const details = { details: { member: row.id } }
  if (row.state === null || row.epoch !== epoch) return refuse('elsewhere', details)
  switch (row.state) {
    case 'active':
      return undefined
    case 'frozen':
      return refuse('frozen', { ...details, retryAfter: 2 })
    case 'suspended':
      return refuse('suspended', details)
    case 'pending':
      return refuse('unsettled', { ...details, retryAfter: 1 })
    default:
      // staged: not yet here; leaving: no longer here.
      return refuse('elsewhere', details)
  }
}

/** Carries a refusal out of a transaction, so that the transaction is rolled back. */
class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}
