// The operator's side of an instance's own database: whose it is, its cap, and how many live there.
import { emptyDatabase } from '../build/lost.ts'
import type { HomeFacts } from '../decide/snapshot.ts'
import { Refused } from './server/errors.ts'
import type { Session } from './server/session.ts'

type HomeIdentity = NonNullable<HomeFacts['identity']>

export async function readHome(session: Session): Promise<HomeFacts> {
  const [identity] = await session.query<HomeIdentity>('SELECT domain, prefix, ordinal FROM identity')
  const [home] = await session.query<{ cap: number; residents: number }>('SELECT cap, residents FROM home')
  return { identity, cap: home?.cap, residents: home?.residents }
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
