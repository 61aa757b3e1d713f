// Private keys, from the rows they are kept in.
import type { PublicJwk } from '../documents/keys.ts'

export type KeyRow = {
  readonly position: number
  readonly private_jwk: unknown
  readonly public_jwk: unknown
}

export type KeyPair = { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** The pair as Fedify wants it: extractable. Rows hold RSA or Ed25519. */
export async function importPair(row: KeyRow): Promise<KeyPair> {
  const [privateKey, publicKey] = await Promise.all([
    importJwk(row.private_jwk, 'sign'),
    importJwk(row.public_jwk, 'verify'),
  ])
  return { privateKey, publicKey }
}

function importJwk(jwk: unknown, use: 'sign' | 'verify'): Promise<CryptoKey> {
  // `alg` and `key_ops` are left out: what made the key may have named them otherwise than WebCrypto does.
  const { alg: _alg, key_ops: _ops, use: _use, ...key } = jwk as JsonWebKey
  return crypto.subtle.importKey('jwk', key, key.kty === 'RSA' ? RSA : 'Ed25519', true, [use])
}

export const publicJwks = (rows: readonly KeyRow[]): PublicJwk[] =>
  rows.toSorted((a, b) => a.position - b.position).map((row) => row.public_jwk as PublicJwk)
