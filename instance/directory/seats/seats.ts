// Seats: a pending row in the directory reserves one, a compare-and-set makes it a member, or takes it away again.
import { sql } from 'kysely'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { DirectoryTransaction } from '../../store/database.ts'
import type { Home } from '../homes.ts'
import { takeInvite } from './invites.ts'
import { instancesForNewcomers } from './newcomers.ts'
import { place } from './placement.ts'

/** How long a sign-up may take from seat to home. */
const RESERVED = sql<Date>`now() + interval '2 minutes'`
/** How long the token of a finished sign-up still opens a session. */
const RESUMABLE = sql<boolean>`activated_at > now() - interval '10 minutes'`

export type Seat = Home & { readonly tokenHash: Buffer }

export type SeatRequest = {
  /** Case-folded and checked. */
  readonly handle: string
  readonly tokenHash: Buffer
  readonly passwordHash: string
  readonly displayName: string
  readonly inviteHash?: Buffer | undefined
  /** Handles of people they mean to follow. */
  readonly follows: readonly string[]
  /** Instances that were just tried and gave no answer. */
  readonly avoid?: readonly number[]
}

/** Pending rows carry the hash as text. */
export const tokenText = (tokenHash: Buffer): string => tokenHash.toString('base64url')

const SEAT_COLUMNS = ['id', 'handle', 'home', 'epoch', 'state', 'role'] as const

/**
 * A seat for a newcomer, a place in the queue, or why not. The same token always gets the same seat or place; with
 * another handle it gives up the seat it had. Only inside changeDirectory, whose lock makes this one step.
 */
export async function reserveSeat(
  tx: DirectoryTransaction,
  request: SeatRequest,
): Promise<{ seat: Seat } | { waiting: true } | Refusal> {
  const had = await seatOfToken(tx, request)
  if (had) return had
  await expirePending(tx, request.handle)
  const taken = await tx
    .selectFrom('members')
    .select('id')
    .where('handle', '=', request.handle)
    .unionAll(
      tx
        .selectFrom('waiting')
        .select('id')
        .where('handle', '=', request.handle)
        .where('token_hash', '<>', request.tokenHash),
    )
    .executeTakeFirst()
  if (taken) return refuse('handle-taken')
  if (await renameInQueue(tx, request)) return { waiting: true }

  const admission = await admit(tx, request)
  if (isRefusal(admission)) return admission
  const queued = await tx.selectFrom('waiting').select('id').limit(1).executeTakeFirst()
  // Nobody overtakes those who wait.
  const ordinal = queued ? undefined : await freeHome(tx, admission.inviterHome, request)
  if (ordinal !== undefined && request.avoid?.includes(ordinal)) return refuse('unavailable')
  if (ordinal === undefined) {
    await tx
      .insertInto('waiting')
      .values({
        token_hash: request.tokenHash,
        handle: request.handle,
        password_hash: request.passwordHash,
        display_name: request.displayName,
        role: admission.role,
        invite_hash: request.inviteHash ?? null,
      })
      .execute()
    return { waiting: true }
  }
  return { seat: await insertSeat(tx, { ...request, role: admission.role, ordinal }) }
}

/** What this token already has. */
async function seatOfToken(
  tx: DirectoryTransaction,
  request: SeatRequest,
): Promise<{ seat: Seat } | Refusal | undefined> {
  const row = await tx
    .selectFrom('members')
    .select(SEAT_COLUMNS)
    .select(RESUMABLE.as('resumable'))
    .where('signup_token', '=', tokenText(request.tokenHash))
    .executeTakeFirst()
  if (!row) return undefined
  if (row.state === 'pending' && row.handle !== request.handle) {
    await deletePending(tx, sql<boolean>`id = ${row.id}::bigint`)
    return undefined
  }
  if (row.state === 'pending') {
    await tx.updateTable('members').set({ expires_at: RESERVED }).where('id', '=', row.id).execute()
  } else if (!row.resumable || row.handle !== request.handle) return refuse('already-signed-up')
  return { seat: asSeat(row, request.tokenHash) }
}

/** Somebody who waits and sends the form again keeps the place, under what they wrote last. */
async function renameInQueue(tx: DirectoryTransaction, request: SeatRequest): Promise<boolean> {
  const row = await tx
    .updateTable('waiting')
    .set({
      handle: request.handle,
      password_hash: request.passwordHash,
      display_name: request.displayName,
    })
    .where('token_hash', '=', request.tokenHash)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

async function admit(
  tx: DirectoryTransaction,
  request: SeatRequest,
): Promise<{ role: string; inviterHome?: number | undefined } | Refusal> {
  const { registration } = await tx.selectFrom('settings').select('registration').executeTakeFirstOrThrow()
  if (request.inviteHash) return takeInvite(tx, request.inviteHash, registration)
  if (registration === 'Closed') return refuse('closed')
  if (registration === 'Invite') return refuse('invite-only')
  return { role: 'member' }
}

async function freeHome(
  tx: DirectoryTransaction,
  inviterHome: number | undefined,
  { follows, avoid = [] }: SeatRequest,
): Promise<number | undefined> {
  const followed =
    follows.length === 0
      ? []
      : await tx
          .selectFrom('members')
          .select('home')
          .where('handle', 'in', follows)
          .where('state', '=', 'active')
          .execute()
  const around = { inviterHome, followHomes: followed.map((row) => row.home) }
  const choose = async () => {
    const instances = await instancesForNewcomers(tx)
    // One that gave no answer is still better than the queue, where people would wait behind free seats.
    return (
      place(
        instances.filter((instance) => !avoid.includes(instance.ordinal)),
        around,
      ) ?? place(instances, around)
    )
  }
  const ordinal = await choose()
  if (ordinal !== undefined) return ordinal
  // Seats of sign-ups that were given up are found here, not only by the next round of cleaning.
  return (await expirePending(tx)) > 0 ? choose() : undefined
}

/** Takes the seat; a trigger counts it and refuses one above the cap. */
export async function insertSeat(
  tx: DirectoryTransaction,
  seat: {
    handle: string
    tokenHash: Buffer
    role: string
    ordinal: number
    inviteHash?: Buffer | null | undefined
  },
): Promise<Seat> {
  const row = await tx
    .insertInto('members')
    .values({
      id: sql<string>`next_id()`,
      handle: seat.handle,
      home: seat.ordinal,
      state: 'pending',
      role: seat.role,
      signup_token: tokenText(seat.tokenHash),
      invite_hash: seat.inviteHash ?? null,
      expires_at: RESERVED,
    })
    .returning(SEAT_COLUMNS)
    .executeTakeFirstOrThrow()
  return asSeat(row, seat.tokenHash)
}

/**
 * The commit point of a sign-up: pending becomes active. True also if it happened before; false if the seat is gone,
 * and then nothing may be kept at the home either.
 */
export async function commitSeat(
  tx: DirectoryTransaction,
  seat: { id: string; home: number; tokenHash: Buffer },
): Promise<boolean> {
  const token = tokenText(seat.tokenHash)
  const committed = await tx
    .updateTable('members')
    .set({ state: 'active', activated_at: sql<Date>`now()`, expires_at: null })
    .where('id', '=', seat.id)
    .where('home', '=', seat.home)
    .where('signup_token', '=', token)
    .where('state', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  if (!committed) {
    const before = await tx
      .selectFrom('members')
      .select('id')
      .where('id', '=', seat.id)
      .where('home', '=', seat.home)
      .where('signup_token', '=', token)
      .where('state', '=', 'active')
      .where(RESUMABLE)
      .executeTakeFirst()
    return before !== undefined
  }
  await tx.deleteFrom('waiting').where('token_hash', '=', seat.tokenHash).execute()
  return true
}

/** Frees a seat whose home cannot be made; nothing if it was committed meanwhile. */
export async function releaseSeat(tx: DirectoryTransaction, id: string): Promise<void> {
  await deletePending(tx, sql<boolean>`id = ${id}::bigint`)
}

/** Frees the seats and handles of sign-ups that took too long: all, or that of one handle. Returns how many. */
export function expirePending(tx: DirectoryTransaction, handle?: string): Promise<number> {
  return deletePending(
    tx,
    handle === undefined
      ? sql<boolean>`expires_at < now()`
      : sql<boolean>`expires_at < now() AND handle = ${handle}`,
  )
}

/** An invitation that was used for it may be used again, unless the person is still in the queue with it. */
async function deletePending(
  tx: DirectoryTransaction,
  which: ReturnType<typeof sql<boolean>>,
): Promise<number> {
  const gone = await tx
    .deleteFrom('members')
    .where('state', '=', 'pending')
    .where(which)
    .returning(['invite_hash', 'signup_token'])
    .execute()
  for (const row of gone) {
    if (row.invite_hash === null) continue
    const token = Buffer.from(row.signup_token ?? '', 'base64url')
    const queued = await tx
      .selectFrom('waiting')
      .select('id')
      .where('token_hash', '=', token)
      .executeTakeFirst()
    if (queued) continue
    await tx
      .updateTable('invites')
      .set({ uses_left: sql`uses_left + 1` })
      .where('hash', '=', row.invite_hash)
      .execute()
  }
  return gone.length
}

function asSeat(
  row: { id: string; handle: string; home: number; epoch: number; state: string; role: string },
  tokenHash: Buffer,
): Seat {
  return { ...row, state: row.state as Home['state'], role: row.role as Home['role'], tokenHash }
}
