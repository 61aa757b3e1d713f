// Who is asking: the session cookie, and protection of forms against other sites.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Home } from '../directory/homes.ts'
import { hashSecret, newSecret } from '../directory/secrets.ts'
import type { Instance } from '../instance.ts'
import { type Refusal, refusalStatus, refusalText, refuse } from '../refusal.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { isId } from '../store/ids.ts'

export const SESSION_COOKIE = 'hamlet_session'
const LIFETIME_DAYS = 90
const DAY = 86_400_000

export type SignedIn = {
  readonly id: string
  readonly handle: string
  readonly epoch: number
  readonly role: Home['role']
  /** Forms carry it in the hidden field `csrf`. */
  readonly csrf: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The member who is logged in, if their home is here. */
    member: SignedIn | undefined
  }
}

/** What the cookie holds, in parts. The member id in front lets any instance's door find the home. */
export function parseSession(value: string | undefined): { memberId: string; secret: string } | undefined {
  const match = /^(\d{1,19})\.([A-Za-z0-9_-]{43})$/.exec(value ?? '')
  return match?.[1] && match[2] && isId(match[1]) ? { memberId: match[1], secret: match[2] } : undefined
}

/** Begins a session in the caller's transaction, which must hold the member's fence; returns the cookie's value. */
export async function createSession(
  tx: InstanceTransaction,
  session: { memberId: string; userAgent?: string; now: Date },
): Promise<string> {
  const secret = newSecret()
  await tx
    .insertInto('sessions')
    .values({
      token_hash: hashSecret(secret),
      member_id: session.memberId,
      csrf: randomBytes(16).toString('base64url'),
      expires_at: new Date(session.now.getTime() + LIFETIME_DAYS * DAY),
      user_agent: (session.userAgent ?? '').slice(0, 300),
    })
    .execute()
  return `${session.memberId}.${secret}`
}

/** Ends the session that this cookie value stands for; nothing if it has ended. */
export async function endSession(tx: InstanceTransaction, value: string): Promise<void> {
  const parsed = parseSession(value)
  if (parsed) await tx.deleteFrom('sessions').where('token_hash', '=', hashSecret(parsed.secret)).execute()
}

export function setSessionCookie(reply: FastifyReply, value: string): void {
  reply.setCookie(SESSION_COOKIE, value, {
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    maxAge: (LIFETIME_DAYS * DAY) / 1000,
  })
}

export function clearSessionCookie(reply: FastifyReply): void {
  reply.clearCookie(SESSION_COOKIE, { path: '/', httpOnly: true, secure: true, sameSite: 'lax' })
}

async function findSession(instance: Instance, value: string | undefined): Promise<SignedIn | undefined> {
  const parsed = parseSession(value)
  if (!parsed) return undefined
  const row = await instance.db
    .selectFrom('sessions')
    .innerJoin('members', 'members.id', 'sessions.member_id')
    .select([
      'members.id',
      'members.handle',
      'members.epoch',
      'members.role',
      'sessions.csrf',
      'sessions.token_hash',
      'sessions.last_used_at',
    ])
    .where('sessions.token_hash', '=', hashSecret(parsed.secret))
    .where('sessions.member_id', '=', parsed.memberId)
    .where('sessions.expires_at', '>', instance.clock())
    // A frozen member still reads; a suspended one sees why nothing can be written.
    .where('members.state', 'in', ['active', 'frozen', 'suspended'])
    .executeTakeFirst()
  if (!row) return undefined
  return {
    id: row.id,
    handle: row.handle,
    epoch: row.epoch,
    role: row.role as Home['role'],
    csrf: row.csrf,
  }
}

const MUTATING = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
/** Answered alike for everybody, so the cookie is not looked up. */
const ANONYMOUS = /^\/(assets|media|\.well-known|nodeinfo)\//

/**
 * Sets `request.member` from the cookie, and refuses writes that a browser sends from another origin.
 * Pages must not set `Referrer-Policy: no-referrer`: browsers would then send `Origin: null` with our own forms.
 */
export async function registerSessions(app: FastifyInstance, instance: Instance): Promise<void> {
  await app.register(cookie)
  app.decorateRequest('member', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const origin = request.headers.origin
    if (MUTATING.has(request.method) && origin !== undefined && origin !== instance.config.origin) {
      return declineInText(reply, refuse('bad-origin'))
    }
    const value = request.cookies[SESSION_COOKIE]
    if (value !== undefined && !ANONYMOUS.test(request.url)) {
      request.member = await findSession(instance, value)
    }
    return undefined
  })
}

/** A form of a logged-in member carries the session's token; other sites cannot know it. */
export function csrfMatches(request: FastifyRequest, given: unknown): boolean {
  const expected = request.member?.csrf
  if (expected === undefined || typeof given !== 'string') return false
  const a = hashSecret(expected)
  const b = hashSecret(given)
  return timingSafeEqual(a, b)
}

function declineInText(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply.code(refusalStatus(refusal)).type('text/plain; charset=utf-8').send(refusalText(refusal))
}
