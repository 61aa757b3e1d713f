// Rebuilds a directory: every home is asked while the directory is held, and either all answer or nothing is changed.
import { isRegression, type Seen } from '../../instance/directory/regression.ts'
import type { RebuildOrder } from '../decide/decision.ts'
import { Refused } from '../postgres/server/errors.ts'
import { type Server, type Session, withSession } from '../postgres/server/session.ts'
import type { HomeReport, OldDirectory } from './facts.ts'
import { describeClash } from './names/namesakes.ts'
import { rebuild } from './rebuild.ts'
import { readReport } from './report.ts'
import { writeRebuilt } from './write.ts'

const OLD = `SELECT json_build_object(
  'instances', (SELECT coalesce(json_agg(json_build_object('ordinal', ordinal, 'state', state)), '[]') FROM instances),
  'members', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'handle', handle, 'home', home, 'epoch', epoch,
      'state', state)), '[]') FROM members),
  'moves', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'member', member_id::text, 'source', source,
      'target', target, 'epoch', epoch, 'attempt', attempt, 'step', step)), '[]') FROM moves)) AS old`

/**
 * Nothing happens to a directory that is not older than what its homes have seen: somebody was quicker. Throws what
 * PostgreSQL throws when a home does not answer, and `DirectoryRegressed` when what they say contradicts itself, or several
 * members hold one name and nobody has given up the later ones.
 */
export async function rebuildDirectory(server: Server, order: RebuildOrder): Promise<void> {
  await withSession(server, order.name, async (session) => {
    await session.query('BEGIN')
    try {
      const done = await rebuildIn(session, server, order)
      await session.query(done ? 'COMMIT' : 'ROLLBACK')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  })
}

async function rebuildIn(session: Session, server: Server, order: RebuildOrder): Promise<boolean> {
  // Idle while the homes are asked one after the other.
  await session.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  // Held from here on: nobody signs up or moves while the homes are asked.
  const [meta] = await session.query<{ incarnation: number; revision: string }>(
    'UPDATE meta SET revision = revision RETURNING incarnation, revision::text',
  )
  if (!meta) throw new Error('the directory gave no row')
  const now: Seen = { incarnation: meta.incarnation, revision: BigInt(meta.revision) }
  const reports: HomeReport[] = []
  for (const { name } of order.homes) reports.push(await withSession(server, name, readReport))
  if (!reports.some(({ seen }) => isRegression(seen, now))) return false
  const [row] = await session.query<{ old: OldDirectory }>(OLD)
  if (!row) throw new Error('the directory gave no row')
  const rebuilt = rebuild(now, row.old, reports, new Set(order.retired), order.givenUp)
  const why = rebuilt.conflict
    ? `${rebuilt.conflict}. Restore a newer copy of the directory`
    : rebuilt.clash && describeClash(rebuilt.clash, order.community)
  if (why)
    throw new Refused({
      reason: 'DirectoryRegressed',
      message: `the directory is older than what its instances have seen, and cannot be rebuilt from them: ${why}`,
    })
  const addresses = new Map(order.addresses.map(({ ordinal, address }) => [ordinal, address]))
  await writeRebuilt(session, rebuilt, reports, (ordinal) => addresses.get(ordinal) ?? '')
  return true
}
