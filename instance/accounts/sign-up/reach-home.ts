// The home of a new member may be a sibling: the same steps, there.

import { sql } from 'kysely'
import { z } from 'zod'
import { tokenText } from '../../directory/seats/seats.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, REFUSALS, type Refusal, type RefusalCode, refuse } from '../../refusal.ts'
import type { SiblingAnswer } from '../../siblings/client.ts'
import { idText } from '../../store/ids.ts'
import { type AtHome, openSession, settleIn } from './home-steps.ts'
import { settlePending } from './settle.ts'

export type FinishedSignUp = {
  readonly done: { readonly id: string; readonly handle: string; readonly home: number }
  /** The value of the session cookie. */
  readonly session: string
}

const tokenHash = z.base64url().transform((text) => Buffer.from(text, 'base64url'))

/** What one instance tells the home of a newcomer. */
export const SETTLE_IN = z.object({
  member: z.object({
    id: idText,
    handle: z.string(),
    home: z.number().int(),
    epoch: z.number().int(),
    role: z.enum(['member', 'moderator', 'organiser']),
    tokenHash,
    passwordHash: z.string(),
    displayName: z.string(),
    state: z.enum(['pending', 'active', 'deleted']),
  }),
  /** Whether the person is there, and wants to be logged in. */
  open: z.boolean(),
  userAgent: z.string().optional(),
})

export const OPEN_SESSION = z.object({
  member: z.object({ id: idText, home: z.number().int(), tokenHash }),
  userAgent: z.string().optional(),
})

const ANSWER = z.union([
  z.object({
    done: z.object({ id: z.string(), handle: z.string(), home: z.number().int() }),
    session: z.string().optional(),
  }),
  z.object({
    kind: z.literal('refusal'),
    code: z.string().refine((code): code is RefusalCode => code in REFUSALS),
    retryAfter: z.number().optional(),
    details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  }),
])

export const SIGN_UPS = '/internal/sign-ups'
export const SIGN_UP_SESSIONS = '/internal/sign-ups/sessions'

/** Makes the member at their home, here or there, and logs them in. Throws SiblingUnreachable. */
export async function joinAtHome(
  instance: Instance,
  member: AtHome,
  userAgent: string | undefined,
): Promise<FinishedSignUp | Refusal> {
  if (member.home === instance.config.ordinal) return settleAndOpen(instance, member, userAgent)
  const answer = await tellHome(instance, member, { open: true, userAgent })
  return withSession(answer)
}

/** Makes the member at their home, here or there, for somebody who is not waiting for the answer. */
export async function makeAtHome(instance: Instance, member: AtHome): Promise<true | Refusal> {
  if (member.home === instance.config.ordinal) return settleIn(instance, member)
  const answer = await tellHome(instance, member, { open: false })
  return isRefusal(answer) ? answer : true
}

async function tellHome(
  instance: Instance,
  { id, handle, home, epoch, role, state, tokenHash, passwordHash, displayName }: AtHome,
  how: { open: boolean; userAgent?: string | undefined },
): Promise<Answer> {
  const member = { id, handle, home, epoch, role, state, passwordHash, displayName }
  const answer = await instance.siblings.call(home, SIGN_UPS, {
    method: 'POST',
    body: { member: { ...member, tokenHash: tokenText(tokenHash) }, ...how },
    timeoutMs: 20_000,
  })
  return readAnswer(instance, answer)
}

/** A session for the holder of a token whose sign-up was completed. Throws SiblingUnreachable. */
export async function sessionAtHome(
  instance: Instance,
  member: { id: string; home: number; tokenHash: Buffer },
  userAgent: string | undefined,
): Promise<FinishedSignUp | Refusal> {
  if (member.home === instance.config.ordinal) return openByToken(instance, member, userAgent)
  const answer = await instance.siblings.call(member.home, SIGN_UP_SESSIONS, {
    method: 'POST',
    body: { member: { ...member, tokenHash: tokenText(member.tokenHash) }, userAgent },
  })
  return withSession(await readAnswer(instance, answer))
}

type Answer = Refusal | { done: FinishedSignUp['done']; session?: string | undefined }

function withSession(answer: Answer): FinishedSignUp | Refusal {
  if (isRefusal(answer)) return answer
  const { done, session } = answer
  return session === undefined ? refuse('unavailable') : { done, session }
}

async function readAnswer(instance: Instance, { status, body }: SiblingAnswer): Promise<Answer> {
  const parsed = ANSWER.safeParse(body)
  if (!parsed.success) {
    instance.log.warn({ status }, 'a sibling gave no usable answer to a sign-up')
    return refuse('unavailable')
  }
  const answer = parsed.data
  if ('code' in answer) {
    const { code, retryAfter, details } = answer
    return refuse(code, { ...(retryAfter !== undefined && { retryAfter }), ...(details && { details }) })
  }
  // So that the door of this instance knows the way at once.
  await instance.homes.freshById(answer.done.id)
  return answer
}

/** At the home itself. */
export async function settleAndOpen(
  instance: Instance,
  member: AtHome,
  userAgent: string | undefined,
): Promise<FinishedSignUp | Refusal> {
  const settled = await settleIn(instance, member)
  if (isRefusal(settled)) return settled
  const opened = await openSession(instance, member, userAgent)
  if (isRefusal(opened)) return opened
  return { done: { id: member.id, handle: member.handle, home: member.home }, ...opened }
}

/** At the home itself: the directory must have this very sign-up as finished a short while ago. */
export async function openByToken(
  instance: Instance,
  { id, tokenHash }: { id: string; tokenHash: Buffer },
  userAgent: string | undefined,
): Promise<FinishedSignUp | Refusal> {
  const row = await instance.directory
    .selectFrom('members')
    .select(['id', 'handle', 'home', 'epoch'])
    .select(sql<boolean>`activated_at > now() - interval '10 minutes'`.as('fresh'))
    .where('id', '=', id)
    .where('signup_token', '=', tokenText(tokenHash))
    .where('state', '=', 'active')
    .executeTakeFirst()
  if (!row) return refuse('not-found')
  // Moved on since the asker read where they live.
  if (row.home !== instance.config.ordinal) return refuse('elsewhere')
  if (!row.fresh) return refuse('already-signed-up')
  await settlePending(instance)
  const opened = await openSession(instance, row, userAgent)
  if (isRefusal(opened)) return opened
  return { done: { id: row.id, handle: row.handle, home: row.home }, ...opened }
}
