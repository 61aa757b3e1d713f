// The community's own actor: its keys are in the directory, so that any pod can sign fetches and show the document.
import type { Instance } from '../../instance.ts'
import { communityActor } from '../documents/addresses.ts'
import { once } from '../once.ts'
import { importPair, type KeyPair, type KeyRow, publicJwks } from './private.ts'

export type CommunityKeys = {
  readonly keyId: string
  readonly pair: KeyPair
  readonly publicKeys: ReturnType<typeof publicJwks>
  /** Since when the community exists. */
  readonly created: Date
}

type Deps = Pick<Instance, 'config' | 'directory'>

/** Read from the directory once; they never change. Throws while the directory cannot be read. */
const reader = once((deps: Deps) => {
  let loaded: Promise<CommunityKeys> | undefined
  return () => {
    loaded ??= read(deps).catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }
})

export const communityKeys = (deps: Deps): Promise<CommunityKeys> => reader(deps)()

async function read(deps: Deps): Promise<CommunityKeys> {
  const [rows, meta] = await Promise.all([
    deps.directory.selectFrom('actor_keys').selectAll().orderBy('position').execute(),
    deps.directory.selectFrom('meta').select('created_at').executeTakeFirstOrThrow(),
  ])
  const first: KeyRow | undefined = rows[0]
  if (!first) throw new Error('The directory has no keys of the community: the operator makes them.')
  return {
    keyId: `${communityActor(deps.config.origin)}#main-key`,
    pair: await importPair(first),
    publicKeys: publicJwks(rows),
    created: meta.created_at,
  }
}
