// Public keys of other servers' people: in memory, below it in the table kv, below that from their servers.
import type { KeyCache } from '@fedify/fedify'
import type { CryptographicKey, Multikey } from '@fedify/vocab'
import type { DocumentLoader } from '@fedify/vocab-runtime'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Instance } from '../../../instance.ts'
import { kvGet, kvSet, ofHome } from '../../../store/kv.ts'
import { fedify } from '../../fedify.ts'
import { preloadedOnly } from '../../keys/contexts.ts'
import { once } from '../../once.ts'
import { documentDeps } from '../../remote/deps.ts'
import { fetchRemoteKey } from '../../remote/key.ts'
import { limitedFetches } from './fetch-limits.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Fetches of keys at once. More wait at their senders: a crowd of unknown slow servers must not hold us up. */
const MAX_FETCHES = 24
/** Of these of one host: a slow one must not keep the keys of all others from us. */
const MAX_FETCHES_PER_HOST = 3

const stored = z.object({ id: z.string(), owner: z.string(), publicKeyPem: z.string() })
type StoredKey = z.infer<typeof stored>

type KeyReader = {
  readonly documentLoader: DocumentLoader
  readonly contextLoader: DocumentLoader
  readonly cache: KeyCache
}

/** What Fedify's verification reads keys with. */
export const keyReader = once(async (instance: Instance): Promise<KeyReader> => {
  const { vocab } = await fedify()
  const contextLoader = await preloadedOnly()
  const memory = new LRUCache<string, CryptographicKey>({ max: 500, ttl: DAY_MS })

  const fetchKey = limitedFetches(
    { most: MAX_FETCHES, perHost: MAX_FETCHES_PER_HOST },
    (keyId): Promise<StoredKey> => fetchRemoteKey(documentDeps(instance), keyId),
  )

  /** The key alone, in the one context that it needs: no context of a stranger's choice is ever loaded. */
  const asDocument = (key: StoredKey) => ({
    '@context': 'https://w3id.org/security/v1',
    id: key.id,
    type: 'CryptographicKey',
    owner: key.owner,
    publicKeyPem: key.publicKeyPem,
  })
  const parse = (key: StoredKey) => vocab.CryptographicKey.fromJsonLd(asDocument(key), { contextLoader })

  const cache: KeyCache = {
    get: async (keyId: URL): Promise<CryptographicKey | Multikey | null | undefined> => {
      const known = memory.get(keyId.href)
      if (known) return known
      const row = stored.safeParse(await kvGet(instance.db, ofHome('key', keyId.href)))
      if (!row.success) return undefined
      const key = await parse(row.data)
      memory.set(keyId.href, key)
      return key
    },
    // A failure is not remembered: it would keep a server out that was only slow once.
    set: async (keyId, key) => {
      if (key instanceof vocab.CryptographicKey) memory.set(keyId.href, key)
    },
  }
  return {
    contextLoader,
    cache,
    documentLoader: async (address) => {
      const key = await fetchKey(address)
      await kvSet(instance.db, ofHome('key', key.id), key, DAY_MS)
      return { document: asDocument(key), documentUrl: address, contextUrl: null }
    },
  }
})
