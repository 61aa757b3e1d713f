// An activity as remote servers get it: Fedify's normalising, integrity proof and linked-data signature, made once.
import type { Context } from '@fedify/fedify'
import type { Instance } from '../../../instance.ts'
import type { ActivityJson } from '../../documents/json.ts'
import { fedify } from '../../fedify.ts'
import { preloadedOnly } from '../../keys/contexts.ts'
import { memberKeys } from '../../keys/member.ts'
import { once } from '../../once.ts'

type Deps = Pick<Instance, 'config' | 'db'>

/** Where the activity is "sent" to be caught. Nothing is ever connected. */
const NOWHERE = 'https://nowhere.invalid/inbox'

type Signing = {
  readonly context: Context<undefined>
  readonly caught: Map<string, unknown>
}

/**
 * Fedify with a queue that only catches what would be sent. Calling its parts one by one gives proofs that strict
 * verifiers reject, for `toJsonLd` after signing does not write what was signed.
 */
const signing = once(async (deps: Deps): Promise<Signing> => {
  const { createFederation, MemoryKvStore, vocab } = await fedify()
  const contextLoader = await preloadedOnly()
  const caught = new Map<string, unknown>()
  const federation = createFederation<undefined>({
    kv: new MemoryKvStore(),
    origin: deps.config.origin,
    manuallyStartQueue: true,
    circuitBreaker: false,
    documentLoaderFactory: () => contextLoader,
    contextLoaderFactory: () => contextLoader,
    queue: {
      enqueue: async (message: { activityId: string; activity: unknown }) => {
        caught.set(message.activityId, message.activity)
      },
      listen: async () => undefined,
    },
  })
  // The path only gives the ids of keys: actors themselves are served from what is stored.
  federation
    .setActorDispatcher(
      '/users/{identifier}',
      (context, identifier) => new vocab.Person({ id: context.getActorUri(identifier) }),
    )
    .setKeyPairsDispatcher(async (_context, identifier) => {
      const member = await deps.db
        .selectFrom('members')
        .select('id')
        .where('handle', '=', identifier)
        .executeTakeFirst()
      return member ? [...(await memberKeys(deps, member.id))] : []
    })
  return { context: federation.createContext(new URL(deps.config.origin), undefined), caught }
})

/** The body for every inbox. Throws if the member's keys are not here. */
export async function normalised(deps: Deps, handle: string, activity: ActivityJson): Promise<string> {
  const { vocab } = await fedify()
  const { context, caught } = await signing(deps)
  const parsed = await vocab.Activity.fromJsonLd(activity, {
    documentLoader: context.documentLoader,
    contextLoader: context.contextLoader,
  })
  const recipient = { id: new URL(NOWHERE), inboxId: new URL(NOWHERE), endpoints: null }
  await context.sendActivity({ identifier: handle }, recipient, parsed, { fanout: 'skip' })
  const body = caught.get(activity.id)
  caught.delete(activity.id)
  if (body === undefined) throw new Error(`${activity.id} was not signed`)
  return JSON.stringify(body)
}
