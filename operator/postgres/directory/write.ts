// What the operator decides and the instances only read: settings, instances, the first organiser's invitation.
import { randomBytes } from 'node:crypto'
import type { DirectorySettings } from '../../decide/snapshot.ts'
import { Refused } from '../server/errors.ts'
import type { Session } from '../server/session.ts'
import type { ActorKeys } from './keys.ts'

/** Every change of the directory takes this row first, so that all changes have one order, which is the revision. */
async function change<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('BEGIN')
  try {
    await session.query('UPDATE meta SET revision = revision + 1')
    const result = await work()
    await session.query('COMMIT')
    return result
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Checks whose directory it is, or says so for the first time. Throws `DataMissing` for somebody else's. */
export async function identifyDirectory(
  session: Session,
  { domain, prefix }: { domain: string; prefix: string },
  existed: boolean,
): Promise<void> {
  if (!existed)
    await session.query(
      'INSERT INTO meta (domain, prefix, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [domain, prefix, randomBytes(32)],
    )
  const [row] = await session.query<{ domain: string; prefix: string }>('SELECT domain, prefix FROM meta')
  if (row?.domain !== domain || row.prefix !== prefix)
    throw new Refused({
      reason: 'DataMissing',
      message: row
        ? `database ${prefix}_directory belongs to ${row.domain} (${row.prefix}): point to the PostgreSQL that has the directory of ${domain}`
        : `database ${prefix}_directory is empty, though it was in use: restore it. Nothing is made anew`,
    })
}

/** Keys of the community's own actor, which signs fetches. The first that came stay. */
export async function addActorKeys(session: Session, keys: ActorKeys): Promise<void> {
  await change(session, async () => {
    for (const [position, key] of keys.entries()) {
      await session.query(
        'INSERT INTO actor_keys (position, algorithm, private_jwk, public_jwk) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [position, key.algorithm, JSON.stringify(key.privateJwk), JSON.stringify(key.publicJwk)],
      )
    }
  })
}

const COLUMNS = [
  'title',
  'description',
  'registration',
  'per_instance',
  'sign_ups_per_hour',
  'log_ins_per_hour',
  'posts_per_hour',
  'max_instances',
  'keep_seats',
  'proposed_moves',
  'proposed_reason',
] as const satisfies readonly (keyof DirectorySettings)[]

export async function writeSettings(session: Session, settings: DirectorySettings): Promise<void> {
  await change(session, () =>
    session.query(
      `INSERT INTO settings (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((_, at) => `$${at + 1}`).join(', ')})
       ON CONFLICT (one) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      COLUMNS.map((name) => settings[name]),
    ),
  )
}

/** A row for a new instance, which gives no seats yet. An ordinal that is there is left as it is. */
export async function addInstance(
  session: Session,
  { ordinal, cap, address }: { ordinal: number; cap: number; address: string },
): Promise<void> {
  await change(session, () =>
    session.query(
      "INSERT INTO instances (ordinal, cap, state, address) VALUES ($1, $2, 'Opening', $3) ON CONFLICT DO NOTHING",
      [ordinal, cap, address],
    ),
  )
}

/** From now on seats are given there. */
export async function activateInstance(session: Session, ordinal: number): Promise<void> {
  await change(session, () =>
    session.query(
      "UPDATE instances SET state = 'Active', state_since = now() WHERE ordinal = $1 AND state = 'Opening'",
      [ordinal],
    ),
  )
}

/** Seats are given there again. Nothing happens to one that was retired meanwhile. */
export async function reopenInstance(session: Session, ordinal: number): Promise<void> {
  await change(session, () =>
    session.query(
      `UPDATE instances SET state = 'Active', drained_for = NULL, state_since = now()
       WHERE ordinal = $1 AND state = 'Draining'`,
      [ordinal],
    ),
  )
}

/** From now on nobody is given a seat there. Nothing happens to the last one that gives any. */
export async function drainInstance(
  session: Session,
  { ordinal, cause }: { ordinal: number; cause: 'Asked' | 'Fewer' },
): Promise<void> {
  await change(session, () =>
    session.query(
      `UPDATE instances AS i SET state = 'Draining', drained_for = $2,
         state_since = CASE state WHEN 'Draining' THEN state_since ELSE now() END
       WHERE ordinal = $1 AND (state = 'Draining' OR (state = 'Active'
         AND EXISTS (SELECT FROM instances AS other WHERE other.state = 'Active' AND other.ordinal <> i.ordinal)))`,
      [ordinal, cause],
    ),
  )
}

/**
 * For good. Nothing happens as long as anybody lives there, is coming or is leaving; nor to one that gave no seats yet, if
 * anybody ever had to do with it.
 */
export async function retireInstance(session: Session, ordinal: number): Promise<void> {
  await change(session, async () => {
    const retired = await session.query(
      `UPDATE instances AS i SET state = 'Retired', state_since = now()
       WHERE ordinal = $1 AND state IN ('Draining', 'Opening') AND taken = 0
         AND NOT EXISTS (SELECT FROM members WHERE home = i.ordinal AND (i.state = 'Opening' OR state <> 'deleted'))
         AND NOT EXISTS (SELECT FROM moves
           WHERE i.ordinal IN (source, target) AND (i.state = 'Opening' OR step NOT IN ('done', 'undone')))
       RETURNING ordinal`,
      [ordinal],
    )
    // Its own count of posts: there are none any more.
    if (retired.length > 0) await session.query('DELETE FROM figures WHERE ordinal = $1', [ordinal])
  })
}

/** Seats that may be taken; those that are taken already stay taken. */
export async function setInstance(
  session: Session,
  { ordinal, cap, address }: { ordinal: number; cap: number; address: string },
): Promise<void> {
  await change(session, () =>
    session.query('UPDATE instances SET cap = $2, address = $3 WHERE ordinal = $1', [ordinal, cap, address]),
  )
}

/**
 * Registers the one-time link by which the first organiser comes; `hash` is SHA-256 of the link's token in hexadecimal.
 * Nothing happens once there is an organiser, or one is signing up.
 */
export async function inviteOrganiser(session: Session, hash: string): Promise<void> {
  await change(session, () =>
    session.query(
      `INSERT INTO invites (hash, role, uses_left) SELECT decode($1, 'hex'), 'organiser', 1
       WHERE NOT EXISTS (SELECT FROM members WHERE role = 'organiser' AND state <> 'deleted')
       ON CONFLICT DO NOTHING`,
      [hash],
    ),
  )
}
