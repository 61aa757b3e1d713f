// What the operator asks a community's directory: counts and rows, no personal data.
import type { DirectoryFacts } from '../../decide/snapshot.ts'
import { appliedMigrations } from '../make/migrate.ts'
import type { Session } from '../server/session.ts'

export type Applied = readonly { readonly name: string; readonly hash: string }[]

const MS = (time: string) => `floor(extract(epoch FROM ${time}) * 1000)`

const FACTS = `SELECT json_build_object(
  'identity', (SELECT json_build_object('domain', domain, 'prefix', prefix) FROM meta),
  'settings', (SELECT to_jsonb(s) - 'one' FROM settings s),
  'instances', (SELECT coalesce(json_agg(json_build_object('ordinal', ordinal, 'cap', cap, 'taken', taken, 'state', state,
      'leaving', (SELECT count(*) FROM moves WHERE step NOT IN ('done', 'undone')
        AND CASE step WHEN 'undoing' THEN target ELSE source END = ordinal),
      'address', address, 'createdAt', ${MS('created_at')}, 'drainedFor', drained_for, 'stateSince', ${MS('state_since')},
      'movedAt', (SELECT ${MS('max(changed_at)')} FROM moves WHERE ordinal IN (source, target))) ORDER BY ordinal), '[]')
      FROM instances),
  'members', (SELECT count(*) FROM members WHERE state = 'active'),
  'waiting', (SELECT count(*) FROM waiting),
  'organisers', (SELECT count(*) FROM members WHERE state = 'active' AND role = 'organiser'),
  'arriving', (SELECT count(*) FROM members WHERE state = 'pending' AND role = 'organiser')
      + (SELECT count(*) FROM waiting WHERE role = 'organiser'),
  'invitations', (SELECT coalesce(json_agg(json_build_object('hash', encode(hash, 'hex'), 'usesLeft', uses_left) ORDER BY hash), '[]')
      FROM invites WHERE created_by IS NULL AND role = 'organiser'),
  'moving', (SELECT count(*) FROM moves WHERE step NOT IN ('done', 'undone')),
  'keys', (SELECT count(*) FROM actor_keys)) AS facts`

type Nullable<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }

/** Everything in one statement, so in one snapshot. Throws what PostgreSQL throws. */
export async function readDirectory(session: Session): Promise<DirectoryFacts> {
  const [row] = await session.query<{ facts: Nullable<DirectoryFacts> }>(FACTS)
  if (!row) throw new Error('the directory gave no row')
  const { facts } = row
  return { ...facts, identity: facts.identity ?? undefined, settings: facts.settings ?? undefined }
}

/** What was applied to a database; an empty list for one that is no clone of ours. */
export async function readApplied(session: Session): Promise<Applied> {
  return (await appliedMigrations(session)) ?? []
}
