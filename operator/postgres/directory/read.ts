// What the operator asks a community's directory: counts and rows, no personal data.
import type { DirectoryFacts } from '../../decide/snapshot.ts'
import { appliedMigrations } from '../make/migrate.ts'
import type { Session } from '../server/session.ts'

export type Applied = readonly { readonly name: string; readonly hash: string }[]

const MS = (time: string) => `floor(extract(epoch FROM ${time}) * 1000)`

/** A wish that is a day old is meant. Whoever was moved, and not given up, within a month is not moved for a wish again. */
const WISHING = `WITH moved AS (
    SELECT member_id, max(created_at) AS begun_at, max(changed_at) AS at FROM moves
    WHERE step IN ('switched', 'activated', 'done') GROUP BY member_id
  ), settled AS (
    SELECT m.id, m.home, w.wants_move AND (moved.at IS NULL OR w.changed_at >= moved.begun_at) AS wants, w.pinned
    FROM members AS m JOIN wishes AS w ON w.member_id = m.id LEFT JOIN moved ON moved.member_id = m.id
    WHERE m.state = 'active' AND w.changed_at < now() - interval '1 day'
      AND (moved.at IS NULL OR moved.at < now() - interval '30 days')
  )
  SELECT count(*) FROM settled AS one WHERE wants OR EXISTS (
    SELECT FROM together AS a JOIN together AS b ON b.member_id = a.with_id AND b.with_id = a.member_id
    JOIN settled AS other ON other.id = a.with_id
    WHERE a.member_id = one.id AND other.home <> one.home AND NOT (one.pinned AND other.pinned))`

const FACTS = `SELECT json_build_object(
  'identity', (SELECT json_build_object('domain', domain, 'prefix', prefix) FROM meta),
  'incarnation', (SELECT incarnation FROM meta),
  'revision', (SELECT revision::text FROM meta),
  'settings', (SELECT to_jsonb(s) - 'one' FROM settings s),
  'instances', (SELECT coalesce(json_agg(json_build_object('ordinal', ordinal, 'cap', cap, 'taken', taken, 'state', state,
      'leaving', (SELECT count(*) FROM moves WHERE step NOT IN ('done', 'undone')
        AND CASE step WHEN 'undoing' THEN target ELSE source END = ordinal),
      'address', address, 'createdAt', ${MS('created_at')}, 'drainedFor', drained_for, 'stateSince', ${MS('state_since')},
      'movedAt', (SELECT ${MS('max(changed_at)')} FROM moves WHERE ordinal IN (source, target)),
      'used', EXISTS (SELECT FROM members WHERE home = ordinal)
        OR EXISTS (SELECT FROM moves WHERE ordinal IN (source, target))) ORDER BY ordinal), '[]')
      FROM instances),
  'members', (SELECT count(*) FROM members WHERE state = 'active'),
  'waiting', (SELECT count(*) FROM waiting),
  'organisers', (SELECT count(*) FROM members WHERE state = 'active' AND role = 'organiser'),
  'arriving', (SELECT count(*) FROM members WHERE state = 'pending' AND role = 'organiser')
      + (SELECT count(*) FROM waiting WHERE role = 'organiser'),
  'invitations', (SELECT coalesce(json_agg(json_build_object('hash', encode(hash, 'hex'), 'usesLeft', uses_left) ORDER BY hash), '[]')
      FROM invites WHERE created_by IS NULL AND role = 'organiser'),
  'wishing', (${WISHING}),
  'moving', (SELECT count(*) FROM moves WHERE step NOT IN ('done', 'undone')),
  'keys', (SELECT count(*) FROM actor_keys)) AS facts`

type Nullable<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }

/** Everything in one statement, so in one snapshot. Throws what PostgreSQL throws. */
export async function readDirectory(session: Session): Promise<DirectoryFacts> {
  const [row] = await session.query<{ facts: Nullable<DirectoryFacts> }>(FACTS)
  if (!row) throw new Error('the directory gave no row')
  const { facts } = row
  return {
    ...facts,
    identity: facts.identity ?? undefined,
    incarnation: facts.incarnation ?? 0,
    revision: facts.revision ?? '0',
    settings: facts.settings ?? undefined,
  }
}

/** What was applied to a database; an empty list for one that is no clone of ours. */
export async function readApplied(session: Session): Promise<Applied> {
  return (await appliedMigrations(session)) ?? []
}
