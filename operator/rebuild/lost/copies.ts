// Where there is still a copy of members whom a home lacks, by which it gets them back without anybody's help.
import { AFTER_SWITCH, endsWith } from '../../../instance/directory/moves/move.ts'
import { type Server, type Session, withSession } from '../../postgres/server/session.ts'

export type HomeDatabase = { readonly ordinal: number; readonly name: string }
export type Copy = { readonly member: string; readonly ordinal: number }

type Led = {
  readonly id: string
  readonly member: string
  readonly source: number
  readonly target: number
  readonly epoch: number
  readonly home: number
  readonly now: number
}

/** The moves that led them here: what a home has of anybody by another one, it does not give out. */
const LED = `SELECT DISTINCT ON (moves.member_id) moves.id::text, member_id::text AS member, source, target, moves.epoch,
    members.home, members.epoch AS now
  FROM moves JOIN members ON members.id = member_id
  WHERE member_id = ANY ($1::bigint[]) AND target = $2 AND step = ANY ($3::text[]) ORDER BY member_id, moves.id DESC`

/** Kept aside, or still in their place: whoever is there by an earlier stay is about to be let go of, and kept. */
const KEPT = `SELECT wanted.member::text FROM unnest($1::bigint[], $2::bigint[]) AS wanted (move, member)
  WHERE EXISTS (SELECT FROM members WHERE id = wanted.member AND state <> 'staged')
    OR EXISTS (SELECT FROM moves JOIN carried.members AS kept ON kept.move = moves.id AND kept.id = wanted.member
      WHERE moves.id = wanted.move AND side = 'source' AND moves.state = 'demoted')`

/** Staged and compared to the end, or come to life meanwhile. */
const SEALED = `SELECT wanted.member::text FROM unnest($1::bigint[], $2::bigint[]) AS wanted (move, member)
  JOIN moves ON moves.id = wanted.move WHERE side = 'target' AND moves.state IN ('sealed', 'active')
    AND EXISTS (SELECT FROM members WHERE id = wanted.member
      AND state <> 'leaving' AND (moves.state = 'sealed') = (state = 'staged'))`

/**
 * Copies of those of `members` who can be brought back to `home`, by what the databases themselves say, so that pods may
 * run or not. `homes` are all that were not emptied for good. Throws what PostgreSQL throws: no answer is not "no copy".
 */
export async function findCopies(
  server: Server,
  directory: Session,
  given: { readonly home: HomeDatabase; readonly homes: readonly HomeDatabase[] },
  members: readonly string[],
): Promise<Copy[]> {
  const found = await directory.query<Led>(LED, [[...members], given.home.ordinal, [...AFTER_SWITCH]])
  const led = found.filter((move) => endsWith(move, { home: move.home, epoch: move.now }))
  const copies: Copy[] = []
  for (const { ordinal, name } of given.homes) {
    const here = ordinal === given.home.ordinal ? led : led.filter(({ source }) => source === ordinal)
    if (here.length === 0) continue
    const rows = await withSession(server, name, (session) =>
      session.query<{ member: string }>(ordinal === given.home.ordinal ? SEALED : KEPT, [
        here.map(({ id }) => id),
        here.map(({ member }) => member),
      ]),
    )
    copies.push(...rows.map(({ member }) => ({ member, ordinal })))
  }
  return copies
}
