// A browser where a member has logged in before. Whoever guesses the password of a name from many addresses uses up the
// tries that strangers have for it; a known browser has tries of its own, so the member is not locked out with them.
// https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const LIFETIME_DAYS = 365
/** One for each name, for several members may use one browser. Names have only characters that a cookie's may have. */
const cookieName = (handle: string) => `hamlet_known_${handle}`

/** Makes this browser a known one of the member's. It says nothing about anybody being logged in. */
export function rememberBrowser(reply: FastifyReply, secret: Uint8Array, handle: string): void {
  reply.setCookie(cookieName(handle), knownBrowserValue(secret, handle), {
    path: '/log-in',
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    maxAge: LIFETIME_DAYS * 86_400,
  })
}

/** What the browser holds for this (folded) handle, if anything; not checked. */
export function knownCookie(
  cookies: Readonly<Record<string, string | undefined>>,
  handle: string,
): string | undefined {
  return cookies[cookieName(handle)]
}

/** A fresh value for a browser where the member of this (folded) handle has proved to be themselves. */
export function knownBrowserValue(secret: Uint8Array, handle: string): string {
  const nonce = randomBytes(12).toString('base64url')
  return `${nonce}.${proof(secret, handle, nonce).toString('base64url')}`
}

/** Which browser this is, if the value was given by `knownBrowserValue` for this very handle. */
export function readKnownBrowser(
  secret: Uint8Array,
  handle: string,
  value: string | undefined,
): string | undefined {
  const [, nonce, mac] = /^([\w-]{16})\.([\w-]{43})$/.exec(value ?? '') ?? []
  if (nonce === undefined || mac === undefined) return undefined
  return timingSafeEqual(Buffer.from(mac, 'base64url'), proof(secret, handle, nonce)) ? nonce : undefined
}

function proof(secret: Uint8Array, handle: string, nonce: string): Buffer {
  return createHmac('sha256', secret).update(`known browser\0${handle}\0${nonce}`).digest()
}
