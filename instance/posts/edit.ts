// A member changes a post of theirs: the text and the content warning, never whom it is for.
import { updateActivity } from '../federation/documents/activities.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { notify } from '../notifications/notify.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import type { Visibility } from '../visibility/visibility.ts'
import { spend } from './allowance.ts'
import { checkDraft } from './draft.ts'
import { holdersOf } from './remove.ts'
import { audienceOf, render } from './render.ts'
import { keepTags } from './text/tags.ts'
import type { Author } from './write.ts'

export type Change = { readonly text: string; readonly summary?: string }

type Own = {
  readonly id: string
  readonly uri: string
  readonly text: string
  readonly summary: string
  readonly visibility: Visibility
  /** The home at which one that stays at its instance is read. */
  readonly instance: number | null
  readonly in_reply_to_uri: string | null
  readonly in_reply_to_account_id: string | null
  readonly published_at: Date
  readonly edited_at: Date | null
}

/** A post as its author typed it; `not-found` for everybody else's. */
export async function readOwnPost(
  instance: Pick<Instance, 'db'>,
  author: Pick<Author, 'id'>,
  postId: string,
): Promise<Own | Refusal> {
  return (await ownPost(instance.db, author, postId).executeTakeFirst()) ?? refuse('not-found')
}

function ownPost(db: Pick<InstanceTransaction, 'selectFrom'>, author: Pick<Author, 'id'>, postId: string) {
  return db
    .selectFrom('posts')
    .select(['id', 'uri', 'summary', 'published_at', 'edited_at'])
    .select(['instance', 'in_reply_to_uri', 'in_reply_to_account_id'])
    .select((eb) => [
      eb.fn.coalesce('content_text', eb.val('')).as('text'),
      // The CHECK constraint of the table allows no other values.
      eb.ref('visibility').$castTo<Visibility>().as('visibility'),
    ])
    .where('id', '=', postId)
    .where('account_id', '=', author.id)
}

/**
 * Replaces the text, and sends the new version to everybody who got the old one. Whoever was named stays in the
 * audience, for they have the post; whoever is named now gets it and is told. Nothing changed is no edit. Counts as a
 * post of this hour. Refuses what `writePost` refuses, and a post that is not the author's or no more: `not-found`.
 */
export async function editPost(
  instance: Instance,
  author: Author,
  postId: string,
  change: Change,
): Promise<{ id: string } | Refusal> {
  const before = await readOwnPost(instance, author, postId)
  if (isRefusal(before)) return before
  const checked = checkDraft({ ...change, visibility: before.visibility })
  if (isRefusal(checked)) return checked
  const answered = before.in_reply_to_account_id ?? undefined
  const audience = await audienceOf(instance, author.id, checked, answered)
  if (isRefusal(audience)) return audience
  return asMemberTouching(instance, author, audience.residents, async (tx) => {
    // It may have been changed or deleted while people were looked up.
    const post = await ownPost(tx, author, postId).forUpdate().executeTakeFirst()
    if (!post) return refuse('not-found')
    if (post.text === checked.text && post.summary === checked.summary) return { id: post.id }
    const now = instance.clock()
    const spent = await spend(tx, author.id, instance.settings().postsPerHour, now)
    if (spent) return spent

    const had = await tx
      .selectFrom('mentions')
      .innerJoin('accounts', 'accounts.id', 'mentions.account_id')
      .selectAll('accounts')
      .where('mentions.post_id', '=', post.id)
      .execute()
    const added = audience.accounts.filter(({ id }) => !had.some((account) => account.id === id))
    const mentions = [...had, ...added]
    const edited = after(now, post.edited_at ?? post.published_at)
    const { columns, note, forInstance } = render(instance.config.origin, {
      id: post.id,
      handle: author.handle,
      checked,
      named: audience.named,
      mentions,
      inReplyToUri: post.in_reply_to_uri,
      published: post.published_at,
      edited,
    })
    await tx
      .updateTable('posts')
      .set({ ...columns, edited_at: edited })
      .where('id', '=', post.id)
      .execute()
    await keepTags(tx, post.id, checked.hashtags)
    if (added.length > 0) {
      await tx
        .insertInto('mentions')
        .values(added.map((account) => ({ post_id: post.id, account_id: account.id })))
        .execute()
    }
    for (const { id } of added) {
      if (!audience.residents.includes(id)) continue
      await notify(tx, { memberId: id, kind: 'mention', accountId: author.id, postId: post.id })
    }
    if (forInstance && post.instance !== null) {
      // Where it is read, if its author lives elsewhere by now.
      await queueActivity(tx, instance, {
        memberId: author.id,
        activity: updateActivity(forInstance, edited),
        orderingKey: forInstance.id,
        recipients: { ordinals: [post.instance] },
      })
    }
    if (!note) return { id: post.id }
    const open = post.visibility === 'public' || post.visibility === 'unlisted'
    await queueActivity(tx, instance, {
      memberId: author.id,
      activity: updateActivity(note, edited),
      orderingKey: note.id,
      recipients: {
        followers: post.visibility !== 'direct',
        // Whoever liked a post for followers, and follows no more, is not to read on.
        accounts: open
          ? [...mentions.map(({ id }) => id), ...(await holdersOf(tx, post))]
          : mentions.map(({ id }) => id),
        public: open,
      },
    })
    return { id: post.id }
  })
}

/** Versions are put in order by their dates, so a new one is always later, also when the clock stands or went back. */
const after = (now: Date, last: Date): Date => new Date(Math.max(now.getTime(), last.getTime() + 1))
