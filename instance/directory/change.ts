// Every change of the directory: one at a time, each raising the revision that all instances watch.
import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { isRefusal, type Refusal, type RefusalCode, refuse } from '../refusal.ts'
import type { DirectoryDatabase, DirectoryTransaction } from '../store/database.ts'
import { isDatabaseDown } from '../store/failures.ts'
import { isRegression, type Seen } from './regression.ts'

/**
 * Runs `fn` in a transaction that first raises `meta.revision`. The lock of that row puts all changes in one line, so
 * `fn` may read, decide and write without anything changing in between. If `fn` returns a refusal, nothing is changed.
 * With `seen`, a directory that is older than that is left alone: `directory-regressed`.
 * Counters of rate limits are no part of who lives where, and do without.
 */
export async function changeDirectory<T>(
  directory: DirectoryDatabase,
  fn: (tx: DirectoryTransaction) => Promise<T | Refusal>,
  seen?: Seen,
): Promise<T | Refusal> {
  let refusal: Refusal | undefined
  try {
    return await directory
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        const meta = await tx
          .updateTable('meta')
          .set({ revision: sql`revision + 1` })
          .returning(['incarnation', 'revision'])
          .executeTakeFirstOrThrow()
        const found = { incarnation: meta.incarnation, revision: BigInt(meta.revision) - 1n }
        const result =
          seen && isRegression(seen, found) ? refuse('directory-regressed', { retryAfter: 60 }) : await fn(tx)
        if (isRefusal(result)) {
          refusal = result
          throw new Undo()
        }
        return result
      })
  } catch (error) {
    if (error instanceof Undo && refusal) return refusal
    throw error
  }
}

/**
 * A change on behalf of a person: never of a directory older than the one in memory, and `directory-unreachable`
 * when PostgreSQL does not answer. The change may then have happened all the same; ask again with the same token.
 */
export async function changeFor<T>(
  { directory, homes }: Pick<Instance, 'directory' | 'homes'>,
  fn: (tx: DirectoryTransaction) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  if (homes.regressed) return refuse('directory-regressed', { retryAfter: 60 })
  const seen = { incarnation: homes.incarnation, revision: homes.revision }
  try {
    return await changeDirectory(directory, fn, seen)
  } catch (error) {
    if (isDatabaseDown(error)) return refuse('directory-unreachable')
    throw error
  }
}

/** What `changeFor` says of a directory that is older, or away, speaks of people who want to join: elsewhere, `code` says it. */
export function inOtherWords<T>(result: T | Refusal, code: RefusalCode): T | Refusal {
  const isAboutDirectory =
    isRefusal(result) && (result.code === 'directory-unreachable' || result.code === 'directory-regressed')
  return isAboutDirectory ? refuse(code) : result
}

class Undo extends Error {}
