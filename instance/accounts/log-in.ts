// Logging in and out, and changing a password. Only at the member's home.
import { clientOf, countTry } from '../directory/rate-limits.ts'
import { hashSecret } from '../directory/secrets.ts'
import type { Instance } from '../instance.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMember } from '../store/as-member.ts'
import { foldHandle } from './credentials/handle.ts'
import { refusedPassword } from './credentials/passwords.ts'
import { createSession, endSession, parseSession, type SignedIn } from './session.ts'
import { settlePending } from './sign-up/settle.ts'

/**
 * The value of a session cookie, or `wrong-log-in`, in the same time whether the name or the password is wrong.
 * `elsewhere` if the member lives on another instance: the door sends the form there.
 */
export async function logIn(
  instance: Instance,
  form: { handle: string; password: string; address: string; userAgent?: string | undefined },
): Promise<{ session: string } | Refusal> {
  const limit = instance.settings().logInsPerHour
  const tooMany = await countTry(instance, 'log-in', clientOf(form.address), limit)
  if (tooMany) return tooMany
  const handle = foldHandle(form.handle)
  const find = () =>
    instance.db
      .selectFrom('members')
      .select(['id', 'epoch', 'state', 'password_hash'])
      .where('handle', '=', handle)
      .executeTakeFirst()
  let member = await find()
  if (!member || member.state === 'leaving' || member.state === 'staged') {
    const home = instance.homes.byHandle(handle)
    if (home?.state === 'active' && home.home !== instance.config.ordinal) return refuse('elsewhere')
    await instance.passwords.verifyNobody(form.password)
    return refuse('wrong-log-in')
  }
  if (!(await instance.passwords.verify(form.password, member.password_hash))) return refuse('wrong-log-in')
  if (member.state === 'pending') {
    // Committed in the directory, perhaps, but this home was interrupted before it heard.
    await settlePending(instance)
    member = await find()
    if (member?.state !== 'active') return refuse('unsettled')
  }
  const { id, epoch } = member
  return asMember(instance, { id, epoch }, async (tx) => ({
    session: await createSession(tx, {
      memberId: id,
      now: instance.clock(),
      ...(form.userAgent !== undefined && { userAgent: form.userAgent }),
    }),
  }))
}

/** Ends the session of this cookie value. */
export async function logOut(
  instance: Instance,
  member: { id: string; epoch: number },
  cookie: string,
): Promise<true | Refusal> {
  return asMember(instance, member, async (tx) => {
    if (parseSession(cookie)?.memberId === member.id) await endSession(tx, cookie)
    return true as const
  })
}

/** Sets a new password and ends all sessions but that of `cookie`. */
export async function changePassword(
  instance: Instance,
  member: SignedIn,
  form: { current: string; next: string; address: string; cookie: string },
): Promise<true | Refusal> {
  const limit = instance.settings().logInsPerHour
  const refusal =
    refusedPassword(form.next, member.handle) ??
    (await countTry(instance, 'log-in', clientOf(form.address), limit))
  if (refusal) return refusal
  const row = await instance.db
    .selectFrom('members')
    .select('password_hash')
    .where('id', '=', member.id)
    .executeTakeFirst()
  if (!row) return refuse('elsewhere')
  if (!(await instance.passwords.verify(form.current, row.password_hash))) return refuse('wrong-password')
  return setPassword(instance, member, await instance.passwords.hash(form.next), {
    replaces: row.password_hash,
    keep: form.cookie,
  })
}

/** Stores a password hash; with `replaces`, only in place of that one. */
export async function setPassword(
  instance: Pick<Instance, 'db' | 'boot'>,
  member: { id: string; epoch: number },
  hash: string,
  { replaces, keep }: { replaces?: string; keep?: string } = {},
): Promise<true | Refusal> {
  const result = await asMember(instance, member, async (tx) => {
    let update = tx.updateTable('members').set({ password_hash: hash }).where('id', '=', member.id)
    if (replaces !== undefined) update = update.where('password_hash', '=', replaces)
    const changed = await update.returning('id').executeTakeFirst()
    // Changed meanwhile, somewhere else: what was shown as the current password no longer is.
    if (!changed) return refuse('wrong-password')
    let others = tx.deleteFrom('sessions').where('member_id', '=', member.id)
    const kept = keep === undefined ? undefined : sessionHash(keep)
    if (kept) others = others.where('token_hash', '<>', kept)
    await others.execute()
    return true as const
  })
  return isRefusal(result) ? result : true
}

function sessionHash(cookie: string): Buffer | undefined {
  const parsed = parseSession(cookie)
  return parsed && hashSecret(parsed.secret)
}
