// How a member shows themselves: name, bio, picture, and whether they approve followers.
import { updateActivity } from '../federation/documents/activities.ts'
import { actorDocument } from '../federation/documents/actor.ts'
import { actorAddresses } from '../federation/documents/addresses.ts'
import type { PublicJwk } from '../federation/documents/keys.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import type { Picture } from '../media/picture.ts'
import { mediaUrl, storePicture } from '../media/store.ts'
import { countCharacters } from '../posts/draft.ts'
import { findNamed } from '../posts/text/mentions.ts'
import { hashtagPage } from '../posts/text/tags.ts'
import { readText, textToHtml, tidy } from '../posts/text/text.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { asMember } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import type { Member } from './follow.ts'
import { addressOf } from './people.ts'

export const PROFILE_LIMITS = { displayName: 60, bio: 500 } as const

export type ProfileChange = {
  readonly displayName: string
  readonly bio: string
  /** Followers wait for approval. */
  readonly locked: boolean
  /** A new picture, `remove`, or undefined to leave it as it is. */
  readonly picture?: Picture | 'remove' | undefined
}

export function checkProfile(change: Pick<ProfileChange, 'displayName' | 'bio'>): Refusal | undefined {
  if (countCharacters(tidy(change.displayName)) > PROFILE_LIMITS.displayName)
    return refuse('long-display-name')
  const count = countCharacters(tidy(change.bio))
  return count > PROFILE_LIMITS.bio
    ? refuse('long-bio', { details: { most: PROFILE_LIMITS.bio, count } })
    : undefined
}

/** Changes the profile, rebuilds the stored actor document, and tells followers and siblings. */
export async function updateProfile(
  instance: Instance,
  member: Member,
  change: ProfileChange,
): Promise<{ done: true } | Refusal> {
  const refusal = checkProfile(change)
  if (refusal) return refusal
  const { origin } = instance.config
  const displayName = tidy(change.displayName).replaceAll('\n', ' ')
  const bio = tidy(change.bio)
  const named = await findNamed(instance, readText(bio).mentions.slice(0, 5))
  const bioHtml = textToHtml(bio, {
    mention: (mention) => {
      const account = named.find(mention)
      return account && { url: account.url, handle: addressOf(account) }
    },
    hashtag: (tag) => hashtagPage(origin, tag),
  })
  return asMember(instance, member, async (tx) => {
    const account = await tx
      .selectFrom('accounts')
      .select(['avatar_url', 'created_at', 'bot'])
      .where('id', '=', member.id)
      .forUpdate()
      .executeTakeFirst()
    if (!account) return refuse('not-found')
    let avatarUrl = change.picture === 'remove' ? null : account.avatar_url
    if (change.picture && change.picture !== 'remove') {
      await storePicture(tx, member.id, change.picture)
      avatarUrl = mediaUrl(origin, member.id, change.picture.sha256)
    }
    const document = actorDocument(origin, {
      handle: member.handle,
      displayName,
      bioHtml,
      ...(avatarUrl !== null && { avatar: { url: avatarUrl, mediaType: 'image/webp' } }),
      locked: change.locked,
      bot: account.bot,
      published: account.created_at,
      publicKeys: await publicKeys(tx, member.id),
    })
    const now = instance.clock()
    await tx
      .updateTable('accounts')
      .set({
        display_name: displayName,
        bio_html: bioHtml,
        avatar_url: avatarUrl,
        locked: change.locked,
        actor_json: JSON.stringify(document),
        updated_at: now,
      })
      .where('id', '=', member.id)
      .execute()
    await tx
      .updateTable('members')
      .set({ bio_text: bio, locked: change.locked })
      .where('id', '=', member.id)
      .execute()
    const { actor, followers } = actorAddresses(origin, member.handle)
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: updateActivity(document, now, followers),
      orderingKey: actor,
      recipients: { followers: true, public: true },
    })
    return { done: true as const }
  })
}

async function publicKeys(tx: InstanceTransaction, memberId: string): Promise<PublicJwk[]> {
  const rows = await tx
    .selectFrom('member_keys')
    .select('public_jwk')
    .where('member_id', '=', memberId)
    .orderBy('position')
    .execute()
  return rows.map((row) => row.public_jwk as PublicJwk)
}
