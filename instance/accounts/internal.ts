// What siblings ask of a member's home: to make a newcomer's account, to let them in, to set a new password.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Instance } from '../instance.ts'
import { isRefusal } from '../refusal.ts'
import { PASSWORD_RESETS, resetAtHome } from './password-reset.ts'
import { settleIn } from './sign-up/home-steps.ts'
import {
  OPEN_SESSION,
  openByToken,
  SETTLE_IN,
  SIGN_UP_SESSIONS,
  SIGN_UPS,
  settleAndOpen,
} from './sign-up/reach-home.ts'

const RESET = z.object({ token: z.string(), passwordHash: z.string() })

/** Routes of the internal port, behind the key of the community. Refusals are answers like any other: 200. */
export function registerInternal(app: FastifyInstance, instance: Instance): void {
  app.post(SIGN_UPS, async (request, reply) => {
    const body = SETTLE_IN.safeParse(request.body)
    if (!body.success) return reply.code(400).send({ error: z.prettifyError(body.error) })
    const { member, open, userAgent } = body.data
    if (open) return settleAndOpen(instance, member, userAgent)
    const settled = await settleIn(instance, member)
    return isRefusal(settled)
      ? settled
      : { done: { id: member.id, handle: member.handle, home: member.home } }
  })
  app.post(SIGN_UP_SESSIONS, async (request, reply) => {
    const body = OPEN_SESSION.safeParse(request.body)
    if (!body.success) return reply.code(400).send({ error: z.prettifyError(body.error) })
    return openByToken(instance, body.data.member, body.data.userAgent)
  })
  app.post(PASSWORD_RESETS, async (request, reply) => {
    const body = RESET.safeParse(request.body)
    if (!body.success) return reply.code(400).send({ error: z.prettifyError(body.error) })
    return resetAtHome(instance, body.data)
  })
}
