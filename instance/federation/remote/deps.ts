// What fetching from other servers needs, made once from an instance.
import type { Instance } from '../../instance.ts'
import { communityKeys } from '../keys/community.ts'
import { signedHeaders } from '../keys/sign.ts'
import { once } from '../once.ts'
import { ACCEPT, type DocumentDeps } from './document.ts'

/** Fetches are signed by the community's actor, for servers that show nothing to strangers. */
export const documentDeps = once(
  (instance: Pick<Instance, 'config' | 'directory' | 'egress'>): DocumentDeps => ({
    egress: instance.egress,
    origin: instance.config.origin,
    sign: async (url) => {
      const { keyId, pair } = await communityKeys(instance)
      return signedHeaders(
        { method: 'GET', url, headers: { accept: ACCEPT } },
        { id: keyId, privateKey: pair.privateKey },
      )
    },
  }),
)
