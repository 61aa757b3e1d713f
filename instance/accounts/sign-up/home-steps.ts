// The steps of a sign-up that its home takes: keep everything as pending, commit in the directory, become active.
// Each may be repeated, and a crash between any two is finished or cleaned up by `settle`.
import { sql } from 'kysely'
import { changeFor } from '../../directory/change.ts'
import type { Home } from '../../directory/homes.ts'
import { commitSeat, releaseSeat } from '../../directory/seats/seats.ts'
import { actorDocument } from '../../federation/documents/actor.ts'
import { actorAddresses, sharedInbox } from '../../federation/documents/addresses.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { asMember } from '../../store/as-member.ts'
import { askBooted } from '../../store/boots/boots.ts'
import { violatedConstraint } from '../../store/failures.ts'
import { createSession } from '../session.ts'
import { activate, settlePending } from './settle.ts'

export type AtHome = {
  readonly id: string
  readonly handle: string
  readonly home: number
  readonly epoch: number
  readonly role: Home['role']
  readonly tokenHash: Buffer
  readonly passwordHash: string
  readonly displayName: string
  /** As the directory had it when the seat was given: what is active already is never made again. */
  readonly state: Home['state']
}

/** From a reserved seat to an active member. Repeating it changes nothing more. */
export async function settleIn(instance: Instance, member: AtHome): Promise<true | Refusal> {
  if (member.state === 'pending') {
    const kept = await insertPending(instance, member)
    if (isRefusal(kept)) return kept
  }
  const committed = await changeFor(instance, async (tx) =>
    (await commitSeat(tx, member)) ? true : refuse('sign-up-expired'),
  )
  if (isRefusal(committed)) {
    // If the seat is gone, so is the reason for what was kept here.
    if (committed.code === 'sign-up-expired') await settlePending(instance)
    return committed
  }
  await activate(instance, member.id)
  await instance.homes.freshById(member.id)
  instance.homes.soon()
  return true
}

/** Account, keys and the pending row, which the database counts against the cap. */
export async function insertPending(instance: Instance, member: AtHome): Promise<true | Refusal> {
  // The form may come again with another password before the sign-up is complete: the last one counts.
  const exists = await instance.db
    .updateTable('members')
    .set({ password_hash: member.passwordHash })
    .where('id', '=', member.id)
    .where('state', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  if (exists) return true
  const keys = await instance.keys.take()
  for (let tries = 0; ; tries++) {
    try {
      return await write(instance, member, keys)
    } catch (error) {
      const constraint = violatedConstraint(error)
      if (constraint === undefined) throw error
      // Rows of sign-ups that were given up may still be here, with this handle or only with a seat.
      if (tries === 0) await settlePending(instance)
      else if (constraint === 'cap_of_this_instance') {
        const released = await changeFor(instance, async (tx) => {
          await releaseSeat(tx, member.id)
          return true
        })
        return isRefusal(released) ? released : refuse('busy')
      } else throw error
    }
  }
}

async function write(
  instance: Instance,
  member: AtHome,
  keys: Awaited<ReturnType<Instance['keys']['take']>>,
): Promise<true | Refusal> {
  const { origin } = instance.config
  const address = actorAddresses(origin, member.handle)
  const now = instance.clock()
  const actor = actorDocument(origin, {
    handle: member.handle,
    displayName: member.displayName,
    bioHtml: '',
    locked: false,
    published: now,
    publicKeys: keys.map((key) => ({ ...key.public_jwk })),
  })
  return instance.db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (tx) => {
      await sql`SELECT pg_advisory_xact_lock_shared(${member.id}::bigint)`.execute(tx)
      if (!(await askBooted(tx, instance.boot))) return refuse('restored')
      await tx
        .insertInto('accounts')
        .values({
          id: member.id,
          uri: address.actor,
          handle: member.handle,
          display_name: member.displayName,
          url: address.profile,
          inbox: address.inbox,
          shared_inbox: sharedInbox(origin),
          followers_uri: address.followers,
          actor_json: JSON.stringify(actor),
          created_at: now,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
      const inserted = await tx
        .insertInto('members')
        .values({
          id: member.id,
          handle: member.handle,
          state: 'pending',
          epoch: member.epoch,
          role: member.role,
          password_hash: member.passwordHash,
          signup_token: member.tokenHash.toString('base64url'),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst()
      // The same sign-up, twice at a time: the first one's keys are the member's.
      if (!inserted) return true
      await tx
        .insertInto('member_keys')
        .values(
          keys.map((key, position) => ({
            member_id: member.id,
            position,
            algorithm: key.algorithm,
            private_jwk: JSON.stringify(key.private_jwk),
            public_jwk: JSON.stringify(key.public_jwk),
          })),
        )
        .execute()
      return true
    })
}

/** A session for whoever holds the token of a sign-up that the directory has as active. */
export async function openSession(
  instance: Instance,
  member: { id: string; epoch: number },
  userAgent: string | undefined,
): Promise<{ session: string } | Refusal> {
  return asMember(instance, member, async (tx) => ({
    session: await createSession(tx, {
      memberId: member.id,
      now: instance.clock(),
      ...(userAgent !== undefined && { userAgent }),
    }),
  }))
}
