// From a name or a URI to an account row: residents from the database, members of siblings through the directory and
// their home, everybody else from a cache that is fetched again when it is stale.
import type { Instance } from '../../instance.ts'
import { sanitiseHtml } from '../../posts/text/sanitise.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { remoteAccountId } from '../../store/ids.ts'
import { actorAddresses, ownAddress } from '../documents/addresses.ts'
import { readActor } from '../remote/actor.ts'
import { documentDeps } from '../remote/deps.ts'
import { DocumentUnavailable, fetchObject } from '../remote/document.ts'
import { siblingAccount } from './sibling.ts'
import { type Account, readAccount, saveRemote } from './store.ts'
import { lookUpAddress } from './webfinger.ts'

const FRESH_MS = 24 * 60 * 60 * 1000

export type ResolveOptions = {
  /** Fetch again even if the cache is fresh; `unavailable` if that cannot be done now. */
  readonly refresh?: boolean
}

/**
 * The account of `@user@host`, `user@host`, `@user` (ours) or of an actor's URI or page. Writes what it fetched to
 * the cache, so no transaction of the caller's may be open.
 * Refusals: `not-found` (there is no such actor) and `unavailable` (its server does not answer).
 */
export async function resolveAccount(
  instance: Instance,
  name: string,
  options: ResolveOptions = {},
): Promise<Account | Refusal> {
  const text = name.trim()
  const address = /^(?:acct:)?@?([\w.-]+)(?:@([^@\s/]+))?$/u.exec(text)
  if (address?.[1] && !text.startsWith('https:')) {
    const host = address[2]?.toLowerCase()
    if (!host || host === instance.config.domain) {
      return resolveAccount(
        instance,
        actorAddresses(instance.config.origin, address[1].toLowerCase()).actor,
        options,
      )
    }
    const known = options.refresh
      ? undefined
      : await readAccount(instance.db, { handle: address[1].toLowerCase(), domain: host })
    if (known && isFresh(instance, known)) return known
    const found = await lookUpAddress(instance, address[1], host)
    if (isRefusal(found)) return known ?? found
    return resolveUri(instance, found, options)
  }
  return resolveUri(instance, text, options)
}

async function resolveUri(
  instance: Instance,
  uri: string,
  options: ResolveOptions,
): Promise<Account | Refusal> {
  const own = ownAddress(instance.config.origin, uri)
  if (own)
    return own.kind === 'actor'
      ? siblingAccount(instance, own.handle, options.refresh ?? false)
      : refuse('not-found')
  if (URL.parse(uri)?.protocol !== 'https:') return refuse('not-found')
  const known = await readAccount(instance.db, { uri })
  if (known && isFresh(instance, known) && !options.refresh) return known
  try {
    const { document } = await fetchObject(documentDeps(instance), uri)
    const actor = readActor(document)
    if (!actor) return refuse('not-found')
    const { bio, ...columns } = actor
    return await saveRemote(instance.db, {
      ...columns,
      id: remoteAccountId(instance.secret, actor.uri),
      bio_html: sanitiseHtml(bio),
      fetched_at: instance.clock(),
    })
  } catch (error) {
    if (!(error instanceof DocumentUnavailable)) throw error
    instance.log.debug({ err: error }, 'an account could not be fetched')
    // What was known yesterday is better than nothing, unless its server says that it is gone.
    const wanted = options.refresh && error.kind === 'later'
    if (known && error.kind !== 'gone' && !wanted) return known
    return refuse(error.kind === 'later' ? 'unavailable' : 'not-found')
  }
}

function isFresh(instance: Pick<Instance, 'clock'>, account: Account): boolean {
  return account.fetched_at !== null && instance.clock().getTime() - account.fetched_at.getTime() < FRESH_MS
}
