// Names people may choose.
import { type Refusal, refuse } from '../../refusal.ts'

/**
 * Names that could pose as the community or its staff, or that are parts of its addresses. `actor` and the domain
 * itself are the community's own actor.
 */
const RESERVED = new Set(
  `about abuse account accounts activities actor admin administrator api app apps assets auth authorize billing blog
  bot career careers community contact dashboard directory dns docs everyone federation feed followers following ftp
  groups guest hamlet healthz help here home hostmaster https imap inbox info instance instances internal invitation
  invitations invite invites legal livez local localhost log login logout log_in log_out mail mailer media members
  metrics mod moderation moderator moderators nodeinfo noreply no_reply notifications null oauth official operator
  organiser organisers organizer organizers outbox owner people pop3 post postmaster posts press privacy public
  readyz register relay report reports root rules search security server service settings share signin signup
  sign_in sign_up smtp ssl staff static status support sysadmin system tags team terms timeline timelines tos
  undefined update updates upload user username users webfinger webmaster www you`.split(/\s+/),
)

/** A handle as it is stored, from whatever was typed: without the `@` in front, and in lower case. */
export function foldHandle(typed: string): string {
  return typed.trim().replace(/^@/, '').toLowerCase()
}

/** The same where a member may have typed their whole address: `@ana@garden.example` is `ana` in that community. */
export function foldAddress(typed: string, domain: string): string {
  const handle = foldHandle(typed)
  const own = `@${domain.toLowerCase()}`
  return handle.endsWith(own) ? handle.slice(0, -own.length) : handle
}

/** Why this (folded) handle cannot be had by anybody. */
export function refusedHandle(handle: string): Refusal | undefined {
  if (!/^[a-z0-9_]{1,30}$/.test(handle)) return refuse('bad-handle')
  if (RESERVED.has(handle)) return refuse('reserved-handle')
  return undefined
}
