// A new password without the old one: by a one-time link that an organiser hands over.
import { sql } from 'kysely'
import { changeFor, inOtherWords } from '../directory/change.ts'
import { clientOf, countTry } from '../directory/rate-limits.ts'
import { hashSecret, newSecret } from '../directory/secrets.ts'
import type { Instance } from '../instance.ts'
import { isRefusal, REFUSALS, type Refusal, type RefusalCode, refuse } from '../refusal.ts'
import { SiblingUnreachable } from '../siblings/client.ts'
import { foldAddress } from './credentials/handle.ts'
import { refusedPassword } from './credentials/passwords.ts'
import { setPassword } from './log-in.ts'
import type { SignedIn } from './session.ts'

const LASTS = sql<Date>`now() + interval '24 hours'`
export const PASSWORD_RESETS = '/internal/password-resets'

/** The secret of a link that works once, for a day. An older link for the same member ends. Organisers only. */
export async function makePasswordReset(
  instance: Instance,
  organiser: SignedIn,
  handle: string,
): Promise<{ token: string } | Refusal> {
  if (organiser.role !== 'organiser') return refuse('forbidden')
  const token = newSecret()
  const folded = foldAddress(handle, instance.config.domain)
  const change = await changeFor(instance, async (tx) => {
    const member = await tx
      .selectFrom('members')
      .select('id')
      .where('handle', '=', folded)
      .where('state', '=', 'active')
      .executeTakeFirst()
    if (!member) return refuse('unknown-name', { details: { name: `@${folded}` } })
    await tx.deleteFrom('password_resets').where('member_id', '=', member.id).execute()
    await tx
      .insertInto('password_resets')
      .values({ hash: hashSecret(token), member_id: member.id, expires_at: LASTS })
      .execute()
    return true
  })
  const made = inOtherWords(change, 'unavailable')
  return isRefusal(made) ? made : { token }
}

/** Whose password the link is for, or `bad-reset`. Uses nothing up. */
export async function checkPasswordReset(
  instance: Pick<Instance, 'directory'>,
  token: string,
): Promise<{ id: string; handle: string; home: number; epoch: number } | Refusal> {
  const row = await instance.directory
    .selectFrom('password_resets')
    .innerJoin('members', 'members.id', 'password_resets.member_id')
    .select(['members.id', 'members.handle', 'members.home', 'members.epoch'])
    .where('password_resets.hash', '=', hashSecret(token))
    .where('password_resets.expires_at', '>', sql<Date>`now()`)
    .where('members.state', '=', 'active')
    .executeTakeFirst()
  return row ?? refuse('bad-reset')
}

/** Sets the new password at the member's home and ends all their sessions; the link is used up by it. */
export async function resetPassword(
  instance: Instance,
  form: { token: string; password: string; address: string },
): Promise<{ handle: string } | Refusal> {
  const limit = instance.settings().logInsPerHour
  const tooMany = await countTry(instance, 'reset', clientOf(form.address), limit)
  if (tooMany) return tooMany
  const member = await checkPasswordReset(instance, form.token)
  if (isRefusal(member)) return member
  const refusal = refusedPassword(form.password, member.handle)
  if (refusal) return refusal
  const passwordHash = await instance.passwords.hash(form.password)
  if (member.home === instance.config.ordinal) {
    return resetAtHome(instance, { token: form.token, passwordHash })
  }
  try {
    const { body } = await instance.siblings.call(member.home, PASSWORD_RESETS, {
      method: 'POST',
      body: { token: form.token, passwordHash },
    })
    if (typeof body === 'object' && body !== null) {
      if ('handle' in body) return { handle: member.handle }
      if ('code' in body && typeof body.code === 'string' && isCode(body.code)) return refuse(body.code)
    }
    return refuse('unavailable')
  } catch (error) {
    if (error instanceof SiblingUnreachable) return refuse('unavailable')
    throw error
  }
}

const isCode = (code: string): code is RefusalCode => code in REFUSALS

/**
 * At the home. The password is set before the link is used up: a crash in between leaves a link that still works,
 * rather than one that is gone without having done anything.
 */
export async function resetAtHome(
  instance: Instance,
  { token, passwordHash }: { token: string; passwordHash: string },
): Promise<{ handle: string } | Refusal> {
  const member = await checkPasswordReset(instance, token)
  if (isRefusal(member)) return member
  // An older directory may have the link again though it was used, and it cannot be used up.
  if (instance.homes.regressed) return refuse('unavailable')
  const done = await setPassword(instance, member, passwordHash)
  if (isRefusal(done)) return done
  const change = await changeFor(instance, async (tx) => {
    await tx.deleteFrom('password_resets').where('hash', '=', hashSecret(token)).execute()
    return true
  })
  const used = inOtherWords(change, 'unavailable')
  return isRefusal(used) ? used : { handle: member.handle }
}
