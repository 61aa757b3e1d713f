// Key pairs of members, made ahead: an RSA key takes tens of milliseconds of a core, at worst several times that.
import { webcrypto } from 'node:crypto'
import { limiter } from './passwords.ts'

export type MemberKey = {
  readonly algorithm: 'RSASSA-PKCS1-v1_5' | 'Ed25519'
  readonly private_jwk: webcrypto.JsonWebKey
  readonly public_jwk: webcrypto.JsonWebKey
}

/** RSA-2048 first, Ed25519 second: key ids follow the order. */
export type KeyPairs = readonly [rsa: MemberKey, ed25519: MemberKey]

export type KeyPool = {
  /** A pair of pairs that nobody else gets: from the store, or made now. */
  take(): Promise<KeyPairs>
  /** Begins to keep some ahead. Until then they are made when asked for, so starting costs nothing. */
  fill(): void
  /** How many are ahead. */
  readonly ready: number
}

export async function makeKeyPairs(): Promise<KeyPairs> {
  const rsa = await webcrypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    true,
    ['sign', 'verify'],
  )
  const ed25519 = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('privateKey' in ed25519)) throw new Error('Ed25519 made no key pair')
  return [await exported('RSASSA-PKCS1-v1_5', rsa), await exported('Ed25519', ed25519)]
}

async function exported(
  algorithm: MemberKey['algorithm'],
  pair: webcrypto.CryptoKeyPair,
): Promise<MemberKey> {
  return {
    algorithm,
    private_jwk: await webcrypto.subtle.exportKey('jwk', pair.privateKey),
    public_jwk: await webcrypto.subtle.exportKey('jwk', pair.publicKey),
  }
}

/** Keeps up to `size` ahead in memory, making one at a time, so that requests keep a core. */
export function makeKeyPool({ size = 8, make = makeKeyPairs } = {}): KeyPool {
  const ahead: KeyPairs[] = []
  const limited = limiter(2)
  let filling = false
  let started = false
  const fill = async () => {
    if (filling || !started) return
    filling = true
    try {
      while (ahead.length < size) ahead.push(await limited(make))
    } finally {
      filling = false
    }
  }
  // A failure to make keys ahead shows when one is asked for.
  const refill = () => void fill().catch(() => undefined)
  return {
    take: async () => {
      const first = ahead.shift()
      refill()
      return first ?? limited(make)
    },
    fill: () => {
      started = true
      refill()
    },
    get ready() {
      return ahead.length
    },
  }
}
