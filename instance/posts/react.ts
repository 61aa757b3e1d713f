// Likes and boosts, and taking them back.
import { announceActivity, likeActivity, undoActivity } from '../federation/documents/activities.ts'
import { activityUri, actorAddresses } from '../federation/documents/addresses.ts'
import { urisOf } from '../federation/in/apply/uris.ts'
import { bury } from '../federation/in/effects/tombstones.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { isResident } from '../members/people.ts'
import { aliasOf } from '../move/aliases.ts'
import { notify, unnotify } from '../notifications/notify.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { nextId } from '../store/ids.ts'
import { visibleTo } from '../visibility/visibility.ts'
import { spend } from './allowance.ts'
import type { Author } from './write.ts'

export type Reacted = { readonly done: true }
type Target = {
  id: string
  uri: string
  visibility: string
  author_id: string
  author_uri: string
  /** By a member: wherever they lived since, the reaction may still be on its way there. */
  ours: boolean
}

const DONE: Reacted = { done: true }

/** Likes a post that the member can see. Liking twice is liking once. */
export function like(instance: Instance, member: Author, postId: string): Promise<Reacted | Refusal> {
  return onPost(instance, member, postId, async (tx, post) => {
    const uri = activityUri(instance.config.origin, member.handle, await nextId(tx))
    const added = await tx
      .insertInto('likes')
      .values({ account_id: member.id, post_id: post.id, activity_uri: uri })
      .onConflict((conflict) => conflict.doNothing())
      .returning('post_id')
      .executeTakeFirst()
    if (!added) return DONE
    if (isResident(instance, post.author_id)) {
      await notify(tx, { memberId: post.author_id, kind: 'like', accountId: member.id, postId: post.id })
    }
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: likeDocument(instance, member, post, uri),
      orderingKey: post.uri,
      recipients: { accounts: [post.author_id] },
    })
    return DONE
  })
}

export function unlike(instance: Instance, member: Author, postId: string): Promise<Reacted | Refusal> {
  return onPost(instance, member, postId, async (tx, post) => {
    const gone = await tx
      .deleteFrom('likes')
      .where('account_id', '=', member.id)
      .where('post_id', '=', post.id)
      .returning('activity_uri')
      .executeTakeFirst()
    if (!gone) return DONE
    await buryOwn(tx, instance, member, gone.activity_uri)
    await unnotify(tx, { memberId: post.author_id, kind: 'like', accountId: member.id, postId: post.id })
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: undoActivity(likeDocument(instance, member, post, gone.activity_uri)),
      orderingKey: post.uri,
      recipients: { accounts: [post.author_id], public: post.ours },
    })
    return DONE
  })
}

/** Shows a public or unlisted post to the member's followers. Counts as a post of this hour. */
export function boost(instance: Instance, member: Author, postId: string): Promise<Reacted | Refusal> {
  return onPost(instance, member, postId, async (tx, post) => {
    if (post.visibility !== 'public' && post.visibility !== 'unlisted') return refuse('not-boostable')
    const now = instance.clock()
    const id = await nextId(tx)
    const uri = activityUri(instance.config.origin, member.handle, id)
    const added = await tx
      .insertInto('boosts')
      .values({
        id,
        account_id: member.id,
        post_id: post.id,
        visibility: 'public',
        activity_uri: uri,
        created_at: now,
      })
      .onConflict((conflict) => conflict.columns(['account_id', 'post_id']).doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!added) return DONE
    const spent = await spend(tx, member.id, instance.settings().postsPerHour, now)
    if (spent) return spent
    if (isResident(instance, post.author_id)) {
      await notify(tx, { memberId: post.author_id, kind: 'boost', accountId: member.id, postId: post.id })
    }
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: boostDocument(instance, member, post, { uri, at: now }),
      orderingKey: post.uri,
      recipients: { followers: true, accounts: [post.author_id] },
    })
    return DONE
  })
}

export function unboost(instance: Instance, member: Author, postId: string): Promise<Reacted | Refusal> {
  return onPost(instance, member, postId, async (tx, post) => {
    const gone = await tx
      .deleteFrom('boosts')
      .where('account_id', '=', member.id)
      .where('post_id', '=', post.id)
      .returning(['activity_uri', 'created_at'])
      .executeTakeFirst()
    if (!gone) return DONE
    await buryOwn(tx, instance, member, gone.activity_uri)
    await unnotify(tx, { memberId: post.author_id, kind: 'boost', accountId: member.id, postId: post.id })
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: undoActivity(
        boostDocument(instance, member, post, { uri: gone.activity_uri, at: gone.created_at }),
      ),
      orderingKey: post.uri,
      recipients: { followers: true, accounts: [post.author_id], public: post.ours },
    })
    return DONE
  })
}

/** From an earlier home the same activity may still be on its way here: it must not count again. */
export async function buryOwn(
  tx: InstanceTransaction,
  instance: Pick<Instance, 'config'>,
  member: Pick<Author, 'handle'>,
  activity: string | null,
): Promise<void> {
  const { actor } = actorAddresses(instance.config.origin, member.handle)
  for (const uri of urisOf(activity)) await bury(tx, uri, actor)
}

/** Runs `fn` with a post that the member can see, holding the fences of the member and of a resident author. */
async function onPost(
  instance: Instance,
  member: Author,
  postId: string,
  fn: (tx: InstanceTransaction, post: Target) => Promise<Reacted | Refusal>,
): Promise<Reacted | Refusal> {
  const read = async (db: Pick<InstanceTransaction, 'selectFrom'>): Promise<Target | undefined> => {
    const row = await db
      .selectFrom('posts')
      .innerJoin('accounts', 'accounts.id', 'posts.account_id')
      .select(['posts.id', 'posts.uri', 'posts.visibility'])
      .select(['accounts.id as author_id', 'accounts.uri as author_uri', 'accounts.domain'])
      .where('posts.id', '=', postId)
      .where(visibleTo({ id: member.id, ordinal: instance.config.ordinal }))
      .executeTakeFirst()
    return row && { ...row, ours: row.domain === null }
  }
  const seen = await read(instance.db)
  if (!seen) {
    const alias = await aliasOf(instance.db, member.id, postId)
    return alias ? onPost(instance, member, alias, fn) : refuse('not-found')
  }
  const touched = isResident(instance, seen.author_id) ? [seen.author_id] : []
  const result = await asMemberTouching(instance, member, touched, async (tx) => {
    // It may have been deleted while we waited.
    const post = await read(tx)
    return post ? fn(tx, post) : refuse('not-found')
  })
  return isRefusal(result) ? result : DONE
}

const likeDocument = (instance: Instance, member: Author, post: Target, uri: string) =>
  likeActivity({
    id: uri,
    actor: actorAddresses(instance.config.origin, member.handle).actor,
    object: post.uri,
    to: post.author_uri,
  })

function boostDocument(
  instance: Instance,
  member: Author,
  post: Target,
  announced: { readonly uri: string; readonly at: Date },
) {
  const { actor, followers } = actorAddresses(instance.config.origin, member.handle)
  return announceActivity({
    id: announced.uri,
    actor,
    followers,
    object: post.uri,
    author: post.author_uri,
    visibility: 'public',
    published: announced.at,
  })
}
