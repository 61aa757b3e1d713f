// Logging in and out, and changing a password. Only at the member's home.
import { clientOf, countTry, takeBackTry } from '../directory/rate-limits.ts'
import { hashSecret } from '../directory/secrets.ts'
import type { Instance } from '../instance.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMember } from '../store/as-member.ts'
import { foldAddress } from './credentials/handle.ts'
import { refusedPassword } from './credentials/passwords.ts'
import { readKnownBrowser } from './known-browser.ts'
import { createSession, endSession, parseSession, type SignedIn } from './session.ts'
import { settlePending } from './sign-up/settle.ts'

/** Wrong passwords for one name, as a multiple of the log-ins that one address has: five addresses use them up. */
const TRIES_OF_NAME = 5

/**
 * The value of a session cookie and the folded handle, or `wrong-log-in`, in the same time whether the name or the
 * password is wrong. `elsewhere` if the directory has the member and this home does not: the door sends the form to
 * where they are, or asks to try again. No password is looked at for that, so it is no try, however often it is repeated
 * while they are moved or brought back after a restore; and who is a member is no secret.
 * Wrong passwords also count for the name, whether anybody has it or not, from all addresses together; those of a
 * `known` browser (what `knownCookie` gave) count for that browser instead.
 */
export async function logIn(
  instance: Instance,
  form: {
    handle: string
    password: string
    address: string
    userAgent?: string | undefined
    known?: string | undefined
  },
): Promise<{ session: string; handle: string } | Refusal> {
  const handle = foldAddress(form.handle, instance.config.domain)
  const find = () =>
    instance.db
      .selectFrom('members')
      .select(['id', 'epoch', 'state', 'password_hash'])
      .where('handle', '=', handle)
      .executeTakeFirst()
  let member = await find()
  const away = isAway(member)
  if (away && instance.homes.byHandle(handle)?.state === 'active') return refuse('elsewhere')
  const limit = instance.settings().logInsPerHour
  const tooMany = await countTry(instance, 'log-in', clientOf(form.address), limit)
  if (tooMany) return tooMany
  const browser = readKnownBrowser(instance.secret, handle, form.known)
  const [kind, subject] = browser === undefined ? (['name', handle] as const) : (['known', browser] as const)
  const tooManyForName = await countTry(instance, kind, subject, limit * TRIES_OF_NAME)
  if (tooManyForName) return tooManyForName
  if (!member || away) {
    await instance.passwords.verifyNobody(form.password)
    return refuse('wrong-log-in')
  }
  if (!(await instance.passwords.verify(form.password, member.password_hash))) return refuse('wrong-log-in')
  await takeBackTry(instance, kind, subject)
  if (member.state === 'pending') {
    // Committed in the directory, perhaps, but this home was interrupted before it heard.
    await settlePending(instance)
    member = await find()
    if (member?.state !== 'active') return refuse('unsettled')
  }
  const { id, epoch } = member
  return asMember(instance, { id, epoch }, async (tx) => ({
    handle,
    session: await createSession(tx, {
      memberId: id,
      now: instance.clock(),
      ...(form.userAgent !== undefined && { userAgent: form.userAgent }),
    }),
  }))
}

/**
 * Ends the session of this cookie value. Where it gives no member there is nothing to end, but not if they live here
 * and are not here: they are brought back with their sessions, so `elsewhere` then.
 */
export async function logOut(
  instance: Instance,
  member: { id: string; epoch: number } | undefined,
  cookie: string,
): Promise<true | Refusal> {
  if (!member) return (await isMissing(instance, cookie)) ? refuse('elsewhere') : true
  return asMember(instance, member, async (tx) => {
    if (parseSession(cookie)?.memberId === member.id) await endSession(tx, cookie)
    return true as const
  })
}

async function isMissing({ db, homes }: Instance, cookie: string): Promise<boolean> {
  const id = parseSession(cookie)?.memberId
  if (id === undefined || homes.byId(id)?.state !== 'active') return false
  const row = await db.selectFrom('members').select('state').where('id', '=', id).executeTakeFirst()
  return isAway(row)
}

/** Nobody, or somebody who is on the way here or about to go. */
const isAway = (row: { readonly state: string } | undefined): boolean =>
  row === undefined || row.state === 'leaving' || row.state === 'staged'

/** Sets a new password and ends all sessions but that of `cookie`. */
export async function changePassword(
  instance: Instance,
  member: SignedIn,
  form: { current: string; next: string; address: string; cookie: string },
): Promise<true | Refusal> {
  const limit = instance.settings().logInsPerHour
  const refusal =
    refusedPassword(form.next, member.handle) ??
    (await countTry(instance, 'log-in', clientOf(form.address), limit)) ??
    // Whoever has got hold of a session only must not find the password with it, from however many addresses.
    (await countTry(instance, 'known', member.id, limit * TRIES_OF_NAME))
  if (refusal) return refusal
  const row = await instance.db
    .selectFrom('members')
    .select('password_hash')
    .where('id', '=', member.id)
    .executeTakeFirst()
  if (!row) return refuse('elsewhere')
  if (!(await instance.passwords.verify(form.current, row.password_hash))) return refuse('wrong-password')
  await takeBackTry(instance, 'known', member.id)
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
