// The operator's side of an instance's own database: whose it is, its cap, and how many live there.
import { emptyDatabase } from '../build/lost.ts'
import type { HomeFacts, Leftovers } from '../decide/snapshot.ts'
import { Refused } from './server/errors.ts'
import type { Session } from './server/session.ts'

type HomeIdentity = NonNullable<HomeFacts['identity']>

export async function readHome(session: Session): Promise<HomeFacts> {
  const [identity] = await session.query<HomeIdentity>('SELECT domain, prefix, ordinal FROM identity')
  const [home] = await session.query<{ cap: number; residents: number; missing: number; code: string }>(
    'SELECT cap, residents, missing, missing_code AS code FROM home',
  )
  const [leftovers] = await session.query<Leftovers>(LEFTOVERS)
  return {
    identity,
    cap: home?.cap,
    residents: home?.residents,
    missing: home && { count: home.missing, code: home.code },
    leftovers,
  }
}

/** Counted no further than to a thousand. What was given up (dead_at) is kept to be looked at, and nobody waits for it. */
const LEFTOVERS = `SELECT
  (SELECT count(*)::int FROM moves
   WHERE state IN ('logging', 'quiet', 'frozen', 'staging', 'copied', 'sealed')) AS moves,
  (SELECT count(*)::int FROM (SELECT FROM intake WHERE dead_at IS NULL LIMIT 1000) AS i) AS intake,
  (SELECT count(*)::int FROM (SELECT FROM spool LIMIT 1000) AS s) AS spool,
  (SELECT count(*)::int FROM (SELECT FROM deliveries WHERE dead_at IS NULL LIMIT 1000) AS d) AS deliveries,
  (SELECT floor(extract(epoch FROM clock_timestamp() - max(changed_at)) * 1000)::float8 FROM moves
   WHERE side = 'source' AND state = 'demoted') AS "sinceLeft"`

/** How much a home still has to hand to the sibling of this ordinal. */
export async function countOwed(session: Session, ordinal: number): Promise<number> {
  const [row] = await session.query<{ owed: number }>(
    'SELECT count(*)::int AS owed FROM (SELECT FROM spool WHERE ordinal = $1 LIMIT 1000) AS s',
    [ordinal],
  )
  if (!row) throw new Error('the database gave no row')
  return row.owed
}

/** Checks whose database it is, or says so for the first time. Throws `DataMissing` for somebody else's. */
export async function identifyHome(
  session: Session,
  { domain, prefix, ordinal }: HomeIdentity,
  { cap, existed }: { cap: number; existed: boolean },
): Promise<void> {
  if (!existed) {
    await session.query(
      'INSERT INTO identity (domain, prefix, ordinal) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [domain, prefix, ordinal],
    )
    await session.query('INSERT INTO home (cap) VALUES ($1) ON CONFLICT DO NOTHING', [cap])
  }
  const found = await readHome(session)
  const { identity } = found
  const ours = identity?.domain === domain && identity.prefix === prefix && identity.ordinal === ordinal
  if (!ours || found.cap === undefined)
    throw new Refused({
      reason: 'DataMissing',
      message:
        identity && !ours
          ? `database ${prefix}_${ordinal} belongs to instance ${identity.ordinal} of ${identity.domain}: point to the PostgreSQL that has the data of ${domain}`
          : emptyDatabase(`${prefix}_${ordinal}`),
    })
}

/** The most residents that the database lets in. Lowered no further than to those who live there. */
export async function setCap(session: Session, cap: number): Promise<void> {
  await session.query('UPDATE home SET cap = greatest($1, residents) WHERE cap <> greatest($1, residents)', [
    cap,
  ])
}
