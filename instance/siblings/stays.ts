// Two homes may both have a member, each put back to a time of its own, and a directory that was put back as well cannot
// tell them apart: they ask each other, and the later stay counts.
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Instance } from '../instance.ts'
import { markLeaving } from '../store/boots/residents.ts'
import { idText } from '../store/ids.ts'
import { SiblingUnreachable } from './client.ts'

const STAYS = '/internal/stays'

const stays = z.object({ stays: z.array(z.object({ id: idText, epoch: z.number().int() })) })
type Stay = z.infer<typeof stays>['stays'][number]
type Deps = Pick<Instance, 'db' | 'homes' | 'siblings' | 'log'> & { readonly ordinal: number }

/** The epoch of everybody's last stay that this home knows of, here or where they went from here. */
async function readStays(db: Instance['db']): Promise<Stay[]> {
  const { rows } = await sql<Stay>`
    SELECT id::text AS id, max(epoch) AS epoch FROM (
      SELECT id, epoch + (state = 'leaving')::integer AS epoch FROM members WHERE state NOT IN ('pending', 'staged')
      UNION ALL
      SELECT member_id, epoch + 1 FROM moves WHERE side = 'source' AND state = 'demoted') AS known
    GROUP BY id`.execute(db)
  return rows
}

/** Of `known` those that are later than what `than` says of the same members. */
function laterOf(known: readonly Stay[], than: readonly Stay[]): Stay[] {
  const epochs = new Map(than.map(({ id, epoch }) => [id, epoch]))
  return known.filter(({ id, epoch }) => epoch > (epochs.get(id) ?? epoch))
}

/** Who may have to give way: who has left, or is leaving, has nothing to give up. */
const readLiving = (db: Instance['db']) =>
  db
    .selectFrom('members')
    .select(['id', 'epoch', 'state'])
    .where('state', 'not in', ['pending', 'staged', 'leaving'])
    .execute()

/**
 * Nobody writes here any more who has a later stay elsewhere. They are kept, as leaving, until the directory says where
 * they live; one that does not know of that stay is older than it was.
 */
async function yieldTo({ db, homes, log }: Omit<Deps, 'siblings' | 'ordinal'>, later: readonly Stay[]) {
  if (laterOf(later, await readLiving(db)).length === 0) return
  // A rebuilt directory may have given their stays here new numbers, which are not taken over yet.
  await homes.refresh()
  const living = await readLiving(db)
  const found = laterOf(later, living)
  for (const { id, epoch } of found) {
    await markLeaving(db, id, sql<boolean>`epoch < ${epoch} AND state NOT IN ('pending', 'staged')`)
  }
  if (found.length === 0) return
  // Whoever is frozen here is known to be on the way, and may have arrived.
  const frozen = new Set(living.filter(({ state }) => state === 'frozen').map(({ id }) => id))
  const members = new Set(found.map(({ id }) => id).filter((id) => !frozen.has(id))).size
  if (members > 0)
    log.error({ members }, 'a sibling has members of this home since: this database was restored')
  await homes.refresh()
}

/** Asks every sibling, and gives way. False as long as one of them gives no answer: that one asks when it is back. */
export async function yieldToSiblings(deps: Deps): Promise<boolean> {
  const { db, homes, siblings, log, ordinal } = deps
  const known = await readStays(db)
  const others = homes.instances().filter((one) => one.ordinal !== ordinal && one.state !== 'Retired')
  const answers = await Promise.all(
    others.map(async (other) => {
      try {
        const answer = await siblings.call(other.ordinal, STAYS, {
          method: 'POST',
          body: { stays: known },
          timeoutMs: 2_000,
        })
        return stays.safeParse(answer.body)
      } catch (error) {
        if (!(error instanceof SiblingUnreachable)) throw error
        log.debug({ err: error, ordinal: other.ordinal }, 'a sibling does not say who lives there')
        return undefined
      }
    }),
  )
  await yieldTo(
    deps,
    answers.flatMap((answer) => answer?.data?.stays ?? []),
  )
  return answers.every((answer) => answer?.success === true)
}

/** For siblings, behind the key of the community: this home gives way as well. */
export function registerStays(app: FastifyInstance, instance: Instance): void {
  app.post(STAYS, async (request, reply) => {
    const asked = stays.safeParse(request.body)
    if (!asked.success) return reply.code(400).send({ error: z.prettifyError(asked.error) })
    await yieldTo(instance, asked.data.stays)
    return { stays: laterOf(await readStays(instance.db), asked.data.stays) }
  })
}
