// What the operator asks a directory to plan moves and to see how far they are. Ids of members stay in its memory.
import type { MovesFacts } from '../../decide/rebalance/facts.ts'
import type { Session } from '../server/session.ts'

const MS = (time: string) => `floor(extract(epoch FROM ${time}) * 1000)`

/** Given up since a home had not done its part. */
const UNANSWERED = `step IN ('undoing', 'undone') AND code IN ('unavailable', 'unsettled', 'restored')`

const FACTS = `SELECT json_build_object(
  'domain', (SELECT domain FROM meta),
  'incarnation', (SELECT incarnation FROM meta),
  'revision', (SELECT revision::text FROM meta),
  'now', ${MS('clock_timestamp()')},
  'instances', (SELECT coalesce(json_agg(json_build_object('ordinal', ordinal, 'cap', cap, 'taken', taken, 'state', state,
      'address', address) ORDER BY ordinal), '[]') FROM instances),
  'members', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'home', home, 'role', role,
      'movedAt', (SELECT ${MS('max(changed_at)')} FROM moves WHERE member_id = members.id AND step = 'done'),
      'undone', (SELECT count(*) FROM moves WHERE member_id = members.id AND step = 'undone' AND rebalance = $1),
      'unanswered', (SELECT count(*) FROM moves WHERE member_id = members.id AND ${UNANSWERED} AND rebalance = $1))
      ORDER BY id), '[]') FROM members WHERE state = 'active'),
  'open', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'memberId', member_id::text, 'source', source,
      'target', target, 'step', step, 'mine', rebalance IS NOT DISTINCT FROM $1,
      'trouble', CASE WHEN trouble->>'step' = step THEN trouble END) ORDER BY id), '[]')
      FROM moves WHERE step NOT IN ('done', 'undone')),
  'done', (SELECT count(*) FROM moves WHERE rebalance = $1 AND step = 'done'),
  'undone', (SELECT count(*) FROM moves WHERE rebalance = $1 AND step = 'undone'),
  'failure', (SELECT trouble FROM moves WHERE rebalance = $1 AND ${UNANSWERED} ORDER BY changed_at DESC LIMIT 1),
  'begun', (SELECT coalesce(json_agg(${MS('created_at')} ORDER BY created_at), '[]') FROM moves
      WHERE created_at > now() - interval '1 hour')) AS facts`

/** Everything in one statement, so in one snapshot. `rebalance` is the uid of the Rebalance. Throws what PostgreSQL throws. */
export async function readMoves(session: Session, rebalance: string): Promise<MovesFacts> {
  const [row] = await session.query<{ facts: MovesFacts }>(FACTS, [rebalance])
  if (!row) throw new Error('the directory gave no row')
  return row.facts
}
