// Key pairs of community actors, made ahead: an RSA pair takes longer than all else that a new community needs.
import { webcrypto } from 'node:crypto'

export type ActorKey = {
  readonly algorithm: 'RSASSA-PKCS1-v1_5' | 'Ed25519'
  readonly privateJwk: webcrypto.JsonWebKey
  readonly publicJwk: webcrypto.JsonWebKey
}
/** RSA first, then Ed25519: key ids follow the order. */
export type ActorKeys = readonly ActorKey[]

const ALGORITHMS = [
  {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  { name: 'Ed25519' },
] as const

export async function makeActorKeys(): Promise<ActorKeys> {
  const { subtle } = webcrypto
  return Promise.all(
    ALGORITHMS.map(async (algorithm) => {
      const pair = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
      if (!('privateKey' in pair)) throw new Error(`${algorithm.name} gave no pair`)
      return {
        algorithm: algorithm.name,
        privateJwk: await subtle.exportKey('jwk', pair.privateKey),
        publicJwk: await subtle.exportKey('jwk', pair.publicKey),
      }
    }),
  )
}

/** Keeps `ahead` sets ready. `take` never fails for lack of one: it waits for the next. */
export function keyPool(ahead: number): { take(): Promise<ActorKeys>; fill(): void } {
  const ready: Promise<ActorKeys>[] = []
  const fill = () => {
    while (ready.length < ahead) {
      const keys = makeActorKeys()
      keys.catch(() => undefined)
      ready.push(keys)
    }
  }
  return {
    fill,
    take: async () => {
      const keys = ready.shift() ?? makeActorKeys()
      fill()
      return keys
    },
  }
}
