// Coming in: a seat from the directory, then a home. Whichever instance was asked, the seat decides where it is.
import { setTimeout as delay } from 'node:timers/promises'
import { changeFor } from '../../directory/change.ts'
import { clientOf, countTry } from '../../directory/rate-limits.ts'
import { readProgress } from '../../directory/seats/queue.ts'
import { releaseSeat, reserveSeat, type Seat, tokenText } from '../../directory/seats/seats.ts'
import { hashSecret, newSecret } from '../../directory/secrets.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { SiblingUnreachable } from '../../siblings/client.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import { foldHandle, refusedHandle } from '../credentials/handle.ts'
import { refusedPassword } from '../credentials/passwords.ts'
import { type FinishedSignUp, joinAtHome, sessionAtHome } from './reach-home.ts'

export type SignUpForm = {
  readonly handle: string
  readonly password: string
  readonly displayName?: string
  readonly inviteToken?: string | undefined
  /** Of the client. */
  readonly address: string
  readonly userAgent?: string | undefined
  /** Handles of members they mean to follow: they get a seat near them. */
  readonly follows?: readonly string[]
  /**
   * A secret of the form (`newSignUpToken`): sent again with the same one, a sign-up goes on where it stopped, and
   * never makes a second account.
   */
  readonly token?: string | undefined
}

export type SignUpWaiting = {
  /** `place` counts from 1; the token is for the browser that signed up, and nobody else. */
  readonly waiting: { readonly token: string; readonly place: number; readonly of: number }
}

export const newSignUpToken = newSecret

/**
 * What stands for a sign-up in the address of the page that waits. The token does not follow from it, so whoever gets
 * to see the address can neither be logged in by it nor send the form in their name.
 */
export const linkOfSignUp = (token: string): string => tokenText(hashSecret(token))

/** Tries of the only home that has room, and the pause before each: five seconds in all. */
const PATIENCE = 10
const PAUSE_MS = 500

/**
 * Signs somebody up: `done` with the value of their session cookie, a place in the queue that completes by itself
 * when there is a seat, or why not.
 */
export async function signUp(
  instance: Instance,
  form: SignUpForm,
): Promise<FinishedSignUp | SignUpWaiting | Refusal> {
  const handle = foldHandle(form.handle)
  const displayName = (form.displayName ?? '').trim()
  const refusal =
    refusedHandle(handle) ??
    refusedPassword(form.password, handle) ??
    ([...displayName].length > 60 ? refuse('long-display-name') : undefined) ??
    (await countTry(instance, 'sign-up', clientOf(form.address), instance.settings().signUpsPerHour))
  if (refusal) return refusal
  const token = isToken(form.token) ? form.token : newSignUpToken()
  const request = {
    handle,
    displayName,
    tokenHash: hashSecret(token),
    passwordHash: await instance.passwords.hash(form.password),
    inviteHash: form.inviteToken === undefined ? undefined : hashSecret(form.inviteToken),
    follows: (form.follows ?? []).slice(0, 100).map(foldHandle),
  }
  const silent: number[] = []
  let patience = PATIENCE
  for (;;) {
    const reserved = await changeFor(instance, (tx) => reserveSeat(tx, { ...request, avoid: silent }))
    if (isRefusal(reserved)) {
      if (reserved.code !== 'unavailable' || silent.length === 0 || patience-- === 0) return reserved
      // Only homes that did not answer have room. One that has just opened is in the directory a moment before the
      // network knows its address.
      silent.length = 0
      await delay(PAUSE_MS)
      continue
    }
    if ('waiting' in reserved) {
      instance.homes.soon()
      return whereTheyWait(instance, token)
    }
    const { seat } = reserved
    try {
      return await joinAtHome(instance, { ...request, ...seat }, form.userAgent)
    } catch (error) {
      // The seat stays theirs for two minutes: the same form, sent again, goes on from there.
      if (isDatabaseDown(error)) return refuse('unavailable')
      if (!(error instanceof SiblingUnreachable)) throw error
      if (!error.refused || silent.includes(seat.home)) return refuse('unavailable')
      // Nothing reached that home, so another one can be had.
      silent.push(seat.home)
      const released = await release(instance, seat)
      if (isRefusal(released)) return released
    }
  }
}

function release(instance: Instance, seat: Seat): Promise<true | Refusal> {
  return changeFor(instance, async (tx) => {
    await releaseSeat(tx, seat.id)
    return true as const
  })
}

const isToken = (token: string | undefined): token is string => /^[A-Za-z0-9_-]{43}$/.test(token ?? '')

/**
 * How a sign-up that had to wait is getting on, for the holder of its token: still waiting, or done, and then they
 * are logged in by it (for ten minutes; after that with their password).
 */
export async function signUpProgress(
  instance: Instance,
  token: string,
  userAgent?: string,
): Promise<FinishedSignUp | SignUpWaiting | Refusal> {
  const tokenHash = hashSecret(token)
  const progress = await signUpPlace(instance, linkOfSignUp(token))
  if (isRefusal(progress)) return progress
  if ('waiting' in progress) return { waiting: { token, ...progress.waiting } }
  try {
    return await sessionAtHome(instance, { ...progress.seated, tokenHash }, userAgent)
  } catch (error) {
    if (error instanceof SiblingUnreachable || isDatabaseDown(error)) return refuse('unavailable')
    throw error
  }
}

/** The same for anybody who has the link: a place in the queue, or `seated`, and no session. */
export async function signUpPlace(
  instance: Pick<Instance, 'directory'>,
  link: string,
): Promise<{ waiting: { place: number; of: number } } | { seated: { id: string; home: number } } | Refusal> {
  // As long as a token: both are 32 bytes.
  if (!isToken(link)) return refuse('not-found')
  try {
    const progress = await readProgress(instance.directory, Buffer.from(link, 'base64url'))
    switch (progress.state) {
      case 'unknown':
        return refuse('not-found')
      case 'waiting':
        return { waiting: { place: progress.place, of: progress.of } }
      case 'pending':
        return { waiting: { place: 1, of: 1 } }
      case 'active':
        return { seated: { id: progress.id, home: progress.home } }
    }
  } catch (error) {
    if (isDatabaseDown(error)) return refuse('unavailable')
    throw error
  }
}

async function whereTheyWait(instance: Instance, token: string): Promise<SignUpWaiting | Refusal> {
  const progress = await readProgress(instance.directory, hashSecret(token))
  const place = progress.state === 'waiting' ? progress : { place: 1, of: 1 }
  return { waiting: { token, place: place.place, of: place.of } }
}
