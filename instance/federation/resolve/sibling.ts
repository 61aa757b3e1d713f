// Members of our own community: residents from the database, the others from their home over the internal port.
import { z } from 'zod'
import type { Home } from '../../directory/homes.ts'
import type { Instance } from '../../instance.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import { idText } from '../../store/ids.ts'
import { actorAddresses, sharedInbox } from '../documents/addresses.ts'
import { type Account, readAccount, saveRemote } from './store.ts'

/** A profile of a sibling's member is asked for again after this long; an Update brings changes sooner. */
const FRESH_MS = 60 * 60 * 1000

/** What one home tells another of a member. */
export const memberProfile = z.object({
  id: idText,
  handle: z.string(),
  display_name: z.string(),
  bio_html: z.string(),
  avatar_url: z.string().nullable(),
  locked: z.boolean(),
  bot: z.boolean(),
})
export type MemberProfile = z.infer<typeof memberProfile>

/** The account of a member of our community, wherever they live. */
export async function siblingAccount(
  instance: Instance,
  handle: string,
  refresh: boolean,
): Promise<Account | Refusal> {
  const home = await findHome(instance, handle)
  if (home === 'unknown') return refuse('unavailable')
  if (home?.state !== 'active') return refuse('not-found')
  const { actor } = actorAddresses(instance.config.origin, home.handle)
  const known = await readAccount(instance.db, { uri: actor })
  if (home.home === instance.config.ordinal) return known ?? refuse('unavailable')
  const age = known?.fetched_at
    ? instance.clock().getTime() - known.fetched_at.getTime()
    : Number.POSITIVE_INFINITY
  if (known && !refresh && age < FRESH_MS) return known
  const profile = await ask(instance, home)
  if (profile) return saveRemote(instance.db, columns(instance, profile))
  // They may have moved, and memory hears of it soon.
  return known && !refresh ? known : refuse('unavailable')
}

/** Memory is believed only of who is a member: who was still signing up may be one by now. */
async function findHome(instance: Instance, handle: string): Promise<Home | undefined | 'unknown'> {
  const { homes } = instance
  const home = homes.byHandle(handle)
  if (home?.state === 'active') return home
  try {
    return (await homes.freshByHandle(handle)) ?? (homes.regressed ? 'unknown' : undefined)
  } catch (error) {
    instance.log.warn({ err: error }, 'the directory cannot be read')
    return 'unknown'
  }
}

async function ask(instance: Instance, home: Home): Promise<MemberProfile | undefined> {
  try {
    const answer = await instance.siblings.call(
      home.home,
      `/internal/accounts/${encodeURIComponent(home.handle)}`,
    )
    const profile = memberProfile.safeParse(answer.body)
    if (answer.status === 200 && profile.success && profile.data.id === home.id) return profile.data
    instance.log.warn({ ordinal: home.home, status: answer.status }, 'a sibling did not show its member')
  } catch (error) {
    instance.log.warn({ err: error, ordinal: home.home }, 'a sibling could not be asked for its member')
  }
  return undefined
}

function columns(instance: Instance, profile: MemberProfile) {
  const address = actorAddresses(instance.config.origin, profile.handle)
  return {
    ...profile,
    uri: address.actor,
    domain: null,
    url: address.profile,
    inbox: address.inbox,
    shared_inbox: sharedInbox(instance.config.origin),
    followers_uri: address.followers,
    fetched_at: instance.clock(),
  }
}
