// Public keys in the forms that actor documents carry.
import { createPublicKey } from 'node:crypto'
import baseX from '@multiformats/base-x'
import type { ObjectJson } from './json.ts'

const BASE58 = baseX('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz')
/** The multicodec prefix of an Ed25519 public key. */
const ED25519 = [0xed, 0x01]

export type PublicJwk = { readonly kty?: string; readonly x?: string; readonly [key: string]: unknown }

/** SPKI PEM, as `publicKey.publicKeyPem` wants it. */
export function publicKeyPem(jwk: PublicJwk): string {
  return createPublicKey({ key: { ...jwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
}

/** `z` + base58btc of the multicodec key (FEP-521a). */
export function publicKeyMultibase(jwk: PublicJwk): string {
  return `z${BASE58.encode(Uint8Array.from([...ED25519, ...Buffer.from(jwk.x ?? '', 'base64url')]))}`
}

/**
 * The key properties of an actor. Keys are in the order of their positions: ids follow it, so the list may only
 * grow. `#main-key` is the RSA key of HTTP signatures; `#multikey-<n>` are the Ed25519 keys of integrity proofs.
 */
export function keyProperties(actor: string, keys: readonly PublicJwk[]) {
  const rsa = keys[0]
  if (rsa?.kty !== 'RSA') throw new Error(`The first key of ${actor} is not RSA.`)
  const multikeys: ObjectJson[] = keys.flatMap((jwk, index) =>
    jwk.kty === 'OKP'
      ? [
          {
            id: `${actor}#multikey-${index + 1}`,
            type: 'Multikey',
            controller: actor,
            publicKeyMultibase: publicKeyMultibase(jwk),
          },
        ]
      : [],
  )
  return {
    publicKey: {
      id: `${actor}#main-key`,
      type: 'CryptographicKey',
      owner: actor,
      publicKeyPem: publicKeyPem(rsa),
    },
    assertionMethod: multikeys,
  }
}
