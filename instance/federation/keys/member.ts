// A resident's keys, imported once and kept for a while: importing costs more than signing.
import { LRUCache } from 'lru-cache'
import type { Instance } from '../../instance.ts'
import { once } from '../once.ts'
import { importPair, type KeyPair } from './private.ts'

type Deps = Pick<Instance, 'db'>

const cache = once((_deps: Deps) => new LRUCache<string, readonly KeyPair[]>({ max: 100 }))

/** In the order of their positions: RSA, Ed25519. Empty if the member does not live here. */
export async function memberKeys(deps: Deps, memberId: string): Promise<readonly KeyPair[]> {
  const known = cache(deps).get(memberId)
  if (known) return known
  const rows = await deps.db
    .selectFrom('member_keys')
    .select(['position', 'private_jwk', 'public_jwk'])
    .where('member_id', '=', memberId)
    .orderBy('position')
    .execute()
  const pairs = await Promise.all(rows.map(importPair))
  if (pairs.length > 0) cache(deps).set(memberId, pairs)
  return pairs
}
