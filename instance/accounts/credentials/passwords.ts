// Passwords: what is asked of them, and argon2id.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Refusal, refuse } from '../../refusal.ts'

/** OWASP's smallest argon2id setting: more memory would let a burst of sign-ups push a small pod over its limit. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
const HASH_BYTES = 32
/** Each takes 19 MiB and a thread for about 30 ms; more at once only make all of them slower. */
const AT_ONCE = 2

/** Why this password cannot be used with this handle. Length is what counts, so no rule about kinds of characters. */
export function refusedPassword(password: string, handle: string): Refusal | undefined {
  const length = [...password].length
  if (length < 10) return refuse('short-password')
  if (length > 500) return refuse('long-password')
  if (password.trim().toLowerCase() === handle) return refuse('password-is-handle')
  return undefined
}

export type Passwords = {
  /** A PHC string with a salt of its own. */
  hash(password: string): Promise<string>
  /** Whether this is the password of the hash; false too for a hash that is no argon2id PHC string. */
  verify(password: string, stored: string): Promise<boolean>
  /** As long and as hard as `verify` for a name that nobody has: else the time would tell which names exist. */
  verifyNobody(password: string): Promise<false>
}

export type Cost = typeof COST

/** Hashes at most two at a time; the rest wait in line. */
export function makePasswords(cost: Cost = COST): Passwords {
  const limited = limiter(AT_ONCE)
  const derive = (password: string, salt: Buffer, used: Cost, bytes: number) =>
    limited(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          argon2(
            'argon2id',
            // The same characters may come composed or not, depending on the keyboard.
            { message: password.normalize('NFKC'), nonce: salt, tagLength: bytes, ...used },
            (error, key) => (error ? reject(error) : resolve(key)),
          )
        }),
    )
  const nobody = encode(randomBytes(16), randomBytes(HASH_BYTES), cost)
  const verify = async (password: string, stored: string) => {
    const parts = decode(stored)
    if (!parts) return false
    const given = await derive(password, parts.salt, parts.cost, parts.hash.length)
    return timingSafeEqual(given, parts.hash)
  }
  return {
    hash: async (password) => {
      const salt = randomBytes(16)
      return encode(salt, await derive(password, salt, cost, HASH_BYTES), cost)
    },
    verify,
    verifyNobody: async (password) => {
      await verify(password, nobody)
      return false
    },
  }
}

const b64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')

/** https://github.com/P-H-C/phc-string-format */
function encode(salt: Buffer, hash: Buffer, cost: Cost): string {
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${b64(salt)}$${b64(hash)}`
}

function decode(phc: string): { salt: Buffer; hash: Buffer; cost: Cost } | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc)
  if (!match) return undefined
  const [, memory, passes, parallelism, salt = '', hash = ''] = match
  return {
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
  }
}

/** Runs at most `max` of the functions given to it at a time, first come first served. */
export function limiter(max: number): <T>(fn: () => Promise<T>) => Promise<T> {
  let running = 0
  const queue: (() => void)[] = []
  return async (fn) => {
    if (running >= max) await new Promise<void>((go) => queue.push(go))
    else running++
    try {
      return await fn()
    } finally {
      const next = queue.shift()
      // The place is handed on, not given back: otherwise a newcomer could slip in between.
      if (next) next()
      else running--
    }
  }
}
