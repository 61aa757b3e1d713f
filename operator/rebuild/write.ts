// A rebuilt directory, written in the transaction that read the old one.
import { isNameless } from '../../instance/store/boots/given-up.ts'
import type { Session } from '../postgres/server/session.ts'
import type { HomeReport } from './facts.ts'
import type { RebuiltMove } from './moves.ts'
import type { Rebuilt } from './rebuild.ts'

/** `address` gives the internal port of an instance that the directory does not know. */
export async function writeRebuilt(
  session: Session,
  rebuilt: Rebuilt,
  reports: readonly HomeReport[],
  address: (ordinal: number) => string,
): Promise<void> {
  const rows = (sql: string, values: readonly object[]) => session.query(sql, [JSON.stringify(values)])
  // Seats are counted at the end: on the way a home may have more than it ever had.
  await session.query('ALTER TABLE members DISABLE TRIGGER USER')
  await session.query('ALTER TABLE moves DISABLE TRIGGER USER')
  const caps = new Map(reports.map(({ ordinal, cap }) => [ordinal, cap]))
  await rows(
    `INSERT INTO instances (ordinal, cap, state, address)
     SELECT ordinal, cap, 'Opening', address FROM json_to_recordset($1) AS one (ordinal integer, cap integer, address text)
     ON CONFLICT DO NOTHING`,
    rebuilt.instances.map(({ ordinal }) => ({
      ordinal,
      cap: caps.get(ordinal) ?? 0,
      address: address(ordinal),
    })),
  )
  await writeMembers(session, rebuilt)
  await writeMoves(session, rebuilt)
  // One where somebody lives after all: the tables let nobody be where nobody can be.
  await session.query(
    "UPDATE instances SET state = 'Active', drained_for = NULL WHERE state = 'Retired' AND ordinal = ANY ($1::integer[])",
    [rebuilt.instances.flatMap(({ ordinal, state }) => (state === 'Retired' ? [] : [ordinal]))],
  )
  await session.query(
    `UPDATE instances SET taken = (SELECT count(*) FROM members WHERE seated AND home = ordinal)
       + (SELECT count(*) FROM moves WHERE seat_of_move(step, source, target) = ordinal)`,
  )
  await rows(
    `UPDATE instances SET state = one.state, state_since = now()
     FROM json_to_recordset($1) AS one (ordinal integer, state text)
     WHERE instances.ordinal = one.ordinal AND instances.state <> one.state`,
    rebuilt.instances,
  )
  await session.query(
    "DELETE FROM figures USING instances AS i WHERE i.ordinal = figures.ordinal AND i.state = 'Retired'",
  )
  // A link that was used since would open the door a second time.
  await session.query('DELETE FROM invites; DELETE FROM password_resets')
  await session.query('DELETE FROM waiting USING members WHERE members.handle = waiting.handle')
  await session.query('UPDATE meta SET incarnation = $1, revision = $2', [
    rebuilt.incarnation,
    String(rebuilt.revision),
  ])
  await session.query('ALTER TABLE moves ENABLE TRIGGER USER')
  await session.query('ALTER TABLE members ENABLE TRIGGER USER')
}

async function writeMembers(session: Session, { members, forgotten }: Rebuilt): Promise<void> {
  await session.query('DELETE FROM members WHERE id = ANY ($1::bigint[])', [forgotten])
  const nameless = members.filter(isNameless)
  // First, for the name may be that of somebody who is written after them.
  await session.query(
    `UPDATE members SET handle = one.handle, state = 'deleted', seated = false
     FROM unnest($1::bigint[], $2::text[]) AS one (id, handle) WHERE members.id = one.id`,
    [nameless.map(({ id }) => id), nameless.map(({ handle }) => handle)],
  )
  await session.query(
    `INSERT INTO members (id, handle, home, epoch, state, seated, role, signup_token, expires_at, activated_at)
     SELECT id, handle, home, epoch, state, state <> 'deleted', coalesce(role, 'member'), token,
       coalesce(expires, CASE state WHEN 'pending' THEN now() + interval '2 minutes' END), CASE state WHEN 'active' THEN now() END
     FROM json_to_recordset($1) AS one (id bigint, handle text, home integer, epoch integer, state text, role text,
       token text, expires timestamptz)
     ON CONFLICT (id) DO UPDATE SET home = excluded.home, epoch = excluded.epoch, state = excluded.state,
       seated = members.seated OR excluded.state <> 'deleted',
       activated_at = coalesce(members.activated_at, excluded.activated_at),
       role = CASE WHEN members.id::text = ANY ($2::text[]) THEN excluded.role ELSE members.role END`,
    [
      JSON.stringify(
        members.map(({ id, handle, home, epoch, state, role, signupToken, expiresAt }) => ({
          id,
          handle,
          home,
          epoch,
          state,
          role,
          token: signupToken,
          expires: expiresAt,
        })),
      ),
      members.filter(({ role }) => role !== undefined).map(({ id }) => id),
    ],
  )
}

async function writeMoves(session: Session, { moves }: Rebuilt): Promise<void> {
  const isOver = ({ step }: RebuiltMove) => step === 'done' || step === 'undone'
  // First what is over: a member has one open move, and the old directory may have another one open.
  await upsertMoves(session, moves.filter(isOver))
  await upsertMoves(
    session,
    moves.filter((move) => !isOver(move)),
  )
}

async function upsertMoves(session: Session, moves: readonly RebuiltMove[]): Promise<void> {
  await session.query(
    `INSERT INTO moves (id, member_id, source, target, epoch, attempt, step, code, created_at, changed_at)
     SELECT id, member, source, target, epoch, attempt, step,
       CASE WHEN step LIKE 'undo%' THEN 'directory-rebuilt' END, coalesce(created, now()), coalesce(changed, now())
     FROM json_to_recordset($1) AS one (id bigint, member bigint, source integer, target integer, epoch integer,
       attempt integer, step text, created timestamptz, changed timestamptz)
     ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, step = excluded.step, code = excluded.code,
       changed_at = now()`,
    [
      JSON.stringify(
        moves.map(({ createdAt, changedAt, ...move }) => ({
          ...move,
          created: createdAt,
          changed: changedAt,
        })),
      ),
    ],
  )
}
