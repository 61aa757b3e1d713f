// One database as it is: in the catalogs, and, if it is open and whole, from within.
import { passwordOf } from '../build/database-url.ts'
import type { DatabaseState } from '../decide/snapshot.ts'
import { inspectDatabase } from '../postgres/make/database.ts'
import { isIdentified } from '../postgres/make/identified.ts'
import { appliedMigrations, pendingMigrations } from '../postgres/make/migrate.ts'
import type { Prepared } from '../postgres/prepared.ts'
import { explain, sqlState } from '../postgres/server/errors.ts'
import { type Server, type Session, withSession } from '../postgres/server/session.ts'

export async function observeDatabase<Facts>(
  { server, session, prepared }: { server: Server; session: Session; prepared: Prepared },
  {
    name,
    kind,
    url,
    connections,
  }: { name: string; kind: 'directory' | 'instance'; url: string | undefined; connections: number },
  read: (inside: Session) => Promise<Facts>,
): Promise<DatabaseState<Facts>> {
  const { there, ready } = await inspectDatabase(session, {
    name,
    kind,
    password: passwordOf(url) ?? '',
    connections,
  })
  const unfinished = {
    state: 'known',
    there,
    ready: false,
    pending: 0,
    identified: undefined,
    facts: undefined,
  } as const
  if (!there) return unfinished
  try {
    return await withSession(server, name, async (inside) => {
      const identified = await isIdentified(inside, kind)
      const applied = await appliedMigrations(inside)
      if (!applied) return { ...unfinished, ready, identified }
      const pending = pendingMigrations(applied, prepared.migrations[kind]).length
      // Tables of an older version cannot be asked what this one wants to know.
      const facts = pending === 0 ? await read(inside) : undefined
      return { state: 'known', there, ready, pending, identified, facts }
    })
  } catch (error) {
    // A clone that is not opened yet: object_not_in_prerequisite_state.
    if (sqlState(error) === '55000') return unfinished
    const refusal = explain(error, server.credentials)
    if (!refusal) throw error
    return { state: 'unknown', refusal }
  }
}
