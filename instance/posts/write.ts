// A member writes a post.
import { createActivity } from '../federation/documents/activities.ts'
import { postPage, postUri } from '../federation/documents/addresses.ts'
import { noteDocument } from '../federation/documents/note.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { type AccountRow, addressOf, isResident } from '../members/people.ts'
import { notify } from '../notifications/notify.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { nextId } from '../store/ids.ts'
import { type Visibility, visibleTo } from '../visibility/visibility.ts'
import { claimOnce, spend } from './allowance.ts'
import { type CheckedDraft, checkDraft, checkReply, type Draft } from './draft.ts'
import { findNamed, type NamedPeople, residentsOnly } from './mentions.ts'
import { hashtagPage, keepTags } from './tags.ts'
import { textToHtml } from './text.ts'

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
  const everybody = await findNamed(instance, checked.mentions)
  const named = checked.visibility === 'instance' ? residentsOnly(instance, everybody) : everybody
  const parent = checked.replyTo ? await readParent(instance, author, checked.replyTo) : undefined
  if (isRefusal(parent)) return parent
  const audience = await audienceOf(instance, author, named, parent)
  const refusal =
    (parent && checkReply(checked.visibility, parent.visibility)) ?? checkDirect(checked, everybody, audience)
  if (refusal) return refusal
  const residents = audience.filter((account) => isResident(instance, account.id)).map(({ id }) => id)
  return asMemberTouching(instance, author, residents, async (tx) => {
    const id = await nextId(tx)
    const now = instance.clock()
    if (checked.onceKey) {
      const earlier = await claimOnce(tx, author.id, checked.onceKey, id, now)
      if (earlier) return { id: earlier, url: postPage(instance.config.origin, author.handle, earlier) }
    }
    const spent = await spend(tx, author.id, instance.settings().postsPerHour, now)
    if (spent) return spent
    await store(tx, instance, { id, author, checked, named, audience, parent, now })
    for (const memberId of residents) {
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
  return row ? { ...row, visibility: row.visibility as Visibility } : refuse('not-found')
}

/** Everybody whom the post is for besides followers: the named, and whose post it answers. */
async function audienceOf(
  instance: Instance,
  author: Author,
  named: NamedPeople,
  parent: Parent | undefined,
): Promise<AccountRow[]> {
  const audience = named.accounts.filter((account) => account.id !== author.id)
  if (parent && parent.account_id !== author.id && !audience.some(({ id }) => id === parent.account_id)) {
    const answered = await instance.db
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', parent.account_id)
      .executeTakeFirst()
    if (answered) audience.push(answered)
  }
  return audience
}

function checkDirect(
  checked: CheckedDraft,
  named: NamedPeople,
  audience: readonly AccountRow[],
): Refusal | undefined {
  if (checked.visibility !== 'direct') return undefined
  const [missing] = named.unknown
  if (missing) {
    const name = `@${missing.handle}${missing.domain ? `@${missing.domain}` : ''}`
    return refuse('unknown-person', { details: { name } })
  }
  return audience.length === 0 ? refuse('nobody-named') : undefined
}

type Stored = {
  id: string
  author: Author
  checked: CheckedDraft
  named: NamedPeople
  audience: readonly AccountRow[]
  parent: Parent | undefined
  now: Date
}

async function store(tx: InstanceTransaction, instance: Instance, post: Stored): Promise<void> {
  const { id, author, checked, audience, parent, now } = post
  const { origin, ordinal } = instance.config
  const contentHtml = textToHtml(checked.text, {
    mention: (mention) => {
      const account = post.named.find(mention)
      return account && { url: account.url, handle: addressOf(account) }
    },
    hashtag: (tag) => hashtagPage(origin, tag),
  })
  const common = { summary: checked.summary, sensitive: checked.summary !== '' }
  const note =
    checked.visibility === 'instance'
      ? undefined
      : noteDocument(origin, {
          ...common,
          id,
          handle: author.handle,
          visibility: checked.visibility,
          contentHtml,
          inReplyToUri: parent?.uri ?? null,
          mentions: audience,
          hashtags: checked.hashtags.map((name) => ({ name, href: hashtagPage(origin, name) })),
          published: now,
        })
  await tx
    .insertInto('posts')
    .values({
      ...common,
      id,
      uri: postUri(origin, author.handle, id),
      url: postPage(origin, author.handle, id),
      account_id: author.id,
      visibility: checked.visibility,
      instance: checked.visibility === 'instance' ? ordinal : null,
      content_html: contentHtml,
      content_text: checked.text,
      in_reply_to_uri: parent?.uri ?? null,
      in_reply_to_id: parent?.id ?? null,
      in_reply_to_account_id: parent?.account_id ?? null,
      object_json: note ? JSON.stringify(note) : null,
      published_at: now,
      received_at: now,
    })
    .execute()
  await keepTags(tx, id, checked.hashtags)
  if (audience.length > 0) {
    await tx
      .insertInto('mentions')
      .values(audience.map((account) => ({ post_id: id, account_id: account.id })))
      .execute()
  }
  if (note) {
    await queueActivity(tx, instance, {
      memberId: author.id,
      activity: createActivity(note),
      orderingKey: note.id,
      recipients: {
        followers: checked.visibility !== 'direct',
        accounts: audience.map((account) => account.id),
      },
    })
  }
}
