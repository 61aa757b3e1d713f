// What people of far.example did, in their order. It arrives in any other, several times, at any pod.
import { postUri } from '../../../instance/federation/documents/addresses.ts'
import { asActivity, isMalformed } from '../../../instance/federation/in/activity.ts'
import { keep } from '../../../instance/federation/in/keep.ts'
import type { Model } from '../model.ts'
import { FAR, strangerUri } from '../world/remote.ts'
import type { World } from '../world/world.ts'

const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'
const [BOB, DORA] = [strangerUri('bob'), strangerUri('dora')]

/** What they did, tale by tale: which activities of the story. None has to do with another. */
const TALES = {
  edited: [0, 1],
  deleted: [2, 3],
  named: [4, 5],
  liked: [6, 7, 8],
  unliked: [9, 10],
  followed: [11, 12, 13],
  unfollowed: [14, 15],
} as const
export type Tale = keyof typeof TALES
export const ALL_TALES = Object.keys(TALES) as Tale[]

export type Sent = { readonly activity: Record<string, unknown>; readonly recipient?: string }

/** Of the notes by Bob, whom all follow, the version that must be left after these tales; undefined: none. */
export const notesAfter = (tales: readonly Tale[]): readonly (readonly [string, string | undefined])[] => [
  [`${FAR}/notes/1`, tales.includes('edited') ? 'second version' : undefined],
  [`${FAR}/notes/2`, undefined],
  [`${FAR}/notes/3`, tales.includes('named') ? 'named you' : undefined],
]

const LIKED = 'ana'
const FOLLOWED = 'ben'
/** Whose first post Bob likes, and whom Dora follows, in the end. */
export const likedAfter = (tales: readonly Tale[]) => (tales.includes('liked') ? LIKED : undefined)
export const followedAfter = (tales: readonly Tale[]) => (tales.includes('followed') ? FOLLOWED : undefined)

/** What of these tales is sent, in the order in which it happened. */
export function story(world: World, model: Model, tales: readonly Tale[]): Sent[] {
  const all = whole(world, model)
  return ALL_TALES.filter((tale) => tales.includes(tale)).flatMap((tale) =>
    TALES[tale].flatMap((index) => all[index] ?? []),
  )
}

function whole(world: World, model: Model): Sent[] {
  const uri = (handle: string) => `${world.origin}/users/${handle}`
  const first = (handle: string) => {
    const person = model.people.find((one) => one.handle === handle)
    return postUri(world.origin, handle, `${person?.id}7`)
  }
  const note = (n: number, content: string, more: object = {}) => ({
    id: `${FAR}/notes/${n}`,
    type: 'Note',
    attributedTo: BOB,
    content,
    to: [PUBLIC],
    published: '2026-01-01T10:00:00Z',
    ...more,
  })
  let count = 0
  const act = (actor: string, type: string, object: unknown) => ({
    id: `${FAR}/activities/${++count}`,
    type,
    actor,
    object,
    to: [PUBLIC],
  })
  const like1 = act(BOB, 'Like', first(LIKED))
  const like2 = act(BOB, 'Like', first(LIKED))
  const like3 = act(BOB, 'Like', first('cem'))
  const follow1 = act(DORA, 'Follow', uri(FOLLOWED))
  const follow2 = act(DORA, 'Follow', uri(FOLLOWED))
  const follow3 = act(DORA, 'Follow', uri('cem'))
  return [
    { activity: act(BOB, 'Create', note(1, 'first version')) },
    { activity: act(BOB, 'Update', note(1, 'second version', { updated: '2026-01-01T11:00:00Z' })) },
    { activity: act(BOB, 'Create', note(2, 'a mistake')) },
    { activity: act(BOB, 'Delete', { id: `${FAR}/notes/2`, type: 'Tombstone' }) },
    {
      activity: act(BOB, 'Create', note(3, 'named you', { tag: [{ type: 'Mention', href: uri('ana') }] })),
      recipient: 'ana',
    },
    { activity: act(BOB, 'Create', note(3, 'named you', { tag: [{ type: 'Mention', href: uri('ana') }] })) },
    { activity: like1 },
    { activity: act(BOB, 'Undo', like1) },
    { activity: like2, recipient: LIKED },
    { activity: like3 },
    { activity: act(BOB, 'Undo', like3), recipient: 'cem' },
    { activity: follow1, recipient: FOLLOWED },
    { activity: act(DORA, 'Undo', follow1), recipient: FOLLOWED },
    { activity: follow2, recipient: FOLLOWED },
    { activity: follow3, recipient: 'cem' },
    { activity: act(DORA, 'Undo', follow3), recipient: 'cem' },
  ]
}

/** Verified, and kept by a pod. False if the sender was told 503, and comes again. */
export async function arrive(world: World, sent: Sent, ordinal: number): Promise<boolean> {
  const { instance, process } = world.pod(ordinal)
  const activity = asActivity(sent.activity)
  if (isMalformed(activity)) throw new Error(activity.problem)
  if (process.life.dead || instance.homes.regressed) return false
  const home = sent.recipient === undefined ? undefined : instance.homes.byHandle(sent.recipient)
  if (sent.recipient !== undefined && !home) return false
  try {
    await keep(instance, activity, home && { ordinal: home.home, handle: home.handle })
    return true
  } catch {
    return false
  }
}
