// A member writes a post.
import { createActivity } from '../federation/documents/activities.ts'
import { postPage, postUri } from '../federation/documents/addresses.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { aliasOf } from '../move/aliases.ts'
import { notify } from '../notifications/notify.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { nextId } from '../store/ids.ts'
import { type Visibility, visibleTo } from '../visibility/visibility.ts'
import { claimOnce, spend } from './allowance.ts'
import { type CheckedDraft, checkDraft, checkReply, type Draft } from './draft.ts'
import { type Audience, audienceOf, render } from './render.ts'
import { keepTags } from './text/tags.ts'

export type Author = { readonly id: string; readonly handle: string; readonly epoch: number }
export type WrittenPost = { readonly id: string; readonly url: string }
type Parent = { id: string; uri: string; account_id: string; visibility: Visibility }

/**
 * Stores the post, tells the residents it names, and queues it for everybody else, in one transaction. The same
 * `onceKey` gives the first post again. Refuses what `checkDraft` refuses, a reply to what the author cannot see,
 * a direct post that names nobody, and more than the community's posts an hour.
 */
export async function writePost(
  instance: Instance,
  author: Author,
  draft: Draft,
): Promise<WrittenPost | Refusal> {
  const checked = checkDraft(draft)
  if (isRefusal(checked)) return checked
  const parent = checked.replyTo ? await readParent(instance, author, checked.replyTo) : undefined
  if (isRefusal(parent)) return parent
  const refusal = parent && checkReply(checked.visibility, parent.visibility)
  if (refusal) return refusal
  const audience = await audienceOf(instance, author.id, checked, parent?.account_id)
  if (isRefusal(audience)) return audience
  return asMemberTouching(instance, author, audience.residents, async (tx) => {
    const id = await nextId(tx)
    const now = instance.clock()
    if (checked.onceKey) {
      const earlier = await claimOnce(tx, author.id, checked.onceKey, id, now)
      if (earlier) return { id: earlier, url: postPage(instance.config.origin, author.handle, earlier) }
    }
    const spent = await spend(tx, author.id, instance.settings().postsPerHour, now)
    if (spent) return spent
    await store(tx, instance, { id, author, checked, audience, parent, now })
    for (const memberId of audience.residents) {
      await notify(tx, { memberId, kind: 'mention', accountId: author.id, postId: id })
    }
    return { id, url: postPage(instance.config.origin, author.handle, id) }
  })
}

async function readParent(instance: Instance, author: Author, id: string): Promise<Parent | Refusal> {
  const row = await instance.db
    .selectFrom('posts')
    .select(['id', 'uri', 'account_id', 'visibility'])
    .where('id', '=', id)
    .where(visibleTo({ id: author.id, ordinal: instance.config.ordinal }))
    .executeTakeFirst()
  if (row) return { ...row, visibility: row.visibility as Visibility }
  const alias = await aliasOf(instance.db, author.id, id)
  return alias ? readParent(instance, author, alias) : refuse('not-found')
}

type Stored = {
  id: string
  author: Author
  checked: CheckedDraft
  audience: Audience
  parent: Parent | undefined
  now: Date
}

async function store(tx: InstanceTransaction, instance: Instance, post: Stored): Promise<void> {
  const { id, author, checked, parent, now } = post
  const { named, accounts } = post.audience
  const { origin, ordinal } = instance.config
  const { columns, note } = render(origin, {
    id,
    handle: author.handle,
    checked,
    named,
    mentions: accounts,
    inReplyToUri: parent?.uri ?? null,
    published: now,
  })
  await tx
    .insertInto('posts')
    .values({
      ...columns,
      id,
      uri: postUri(origin, author.handle, id),
      url: postPage(origin, author.handle, id),
      account_id: author.id,
      visibility: checked.visibility,
      instance: checked.visibility === 'instance' ? ordinal : null,
      in_reply_to_uri: parent?.uri ?? null,
      in_reply_to_id: parent?.id ?? null,
      in_reply_to_account_id: parent?.account_id ?? null,
      published_at: now,
      received_at: now,
    })
    .execute()
  await keepTags(tx, id, checked.hashtags)
  if (accounts.length > 0) {
    await tx
      .insertInto('mentions')
      .values(accounts.map((account) => ({ post_id: id, account_id: account.id })))
      .execute()
  }
  if (note) {
    await queueActivity(tx, instance, {
      memberId: author.id,
      activity: createActivity(note),
      orderingKey: note.id,
      recipients: {
        followers: checked.visibility !== 'direct',
        accounts: accounts.map((account) => account.id),
      },
    })
  }
}
