// A post from elsewhere, into this home's cache. Any order of its versions ends in the newest.
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import { sanitiseHtml } from '../../posts/text/sanitise.ts'
import { keepTags } from '../../posts/text/tags.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { remotePostId } from '../../store/ids.ts'
import { ownAddress } from '../documents/addresses.ts'
import { audienceOf, type RemoteNote } from '../remote/note.ts'
import type { Account } from './store.ts'

export type Saved = {
  readonly id: string
  /** Older than what is here already: nothing was changed. */
  readonly stale: boolean
}

type Deps = Pick<Instance, 'config' | 'secret' | 'clock'>

/** Inserts the post or replaces an older version, with its mentions. `undefined` if it was deleted before it came. */
export async function savePost(
  tx: InstanceTransaction,
  deps: Deps,
  note: RemoteNote,
  author: Account,
): Promise<Saved | undefined> {
  const tombstone = await tx
    .selectFrom('tombstones')
    .select('uri')
    .where('uri', '=', note.uri)
    .executeTakeFirst()
  if (tombstone) return undefined
  const received = deps.clock()
  const parent = note.inReplyTo
    ? await tx
        .selectFrom('posts')
        .select(['id', 'account_id'])
        .where('uri', '=', note.inReplyTo)
        .executeTakeFirst()
    : undefined
  const content = {
    url: note.url,
    visibility: audienceOf(note, author.followers_uri),
    content_html: sanitiseHtml(note.html),
    summary: note.summary,
    sensitive: note.sensitive || note.summary !== '',
    language: note.language,
    edited_at: editedAt(note) ?? null,
  }
  const inserted = await tx
    .insertInto('posts')
    .values({
      ...content,
      id: idFor(deps, note, received),
      uri: note.uri,
      account_id: author.id,
      in_reply_to_uri: note.inReplyTo,
      in_reply_to_id: parent?.id ?? null,
      in_reply_to_account_id: parent?.account_id ?? null,
      published_at: earlier(note.published, received),
      received_at: received,
    })
    .onConflict((conflict) => conflict.column('uri').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) {
    await adoptReplies(tx, { id: inserted.id, uri: note.uri, account_id: author.id })
    await replaceMentions(tx, inserted.id, note)
    await keepTags(tx, inserted.id, note.hashtags)
    return { id: inserted.id, stale: false }
  }
  const known = await tx
    .selectFrom('posts')
    .select(['id', 'account_id', 'edited_at', 'content_html', 'visibility'])
    .where('uri', '=', note.uri)
    .forUpdate()
    .executeTakeFirst()
  if (!known || known.account_id !== author.id) return undefined
  // It would be here now, whatever becomes of a move that put it here before it came.
  await sql`UPDATE carried.placed SET filled = true WHERE id = ${known.id}::bigint AND NOT filled`.execute(tx)
  const order = compareVersions(
    { at: editedAt(note), html: content.content_html },
    { at: known.edited_at ?? undefined, html: known.content_html },
  )
  if (order < 0) return { id: known.id, stale: true }
  // What stays here goes on doing so, though its author lives elsewhere by now.
  const visibility = known.visibility === 'instance' ? known.visibility : content.visibility
  if (order > 0) {
    await tx
      .updateTable('posts')
      .set({ ...content, visibility })
      .where('id', '=', known.id)
      .execute()
    await replaceMentions(tx, known.id, note)
    await keepTags(tx, known.id, note.hashtags)
  }
  return { id: known.id, stale: false }
}

type Version = { readonly at: Date | undefined; readonly html: string }

/**
 * Which version of a post is newer: positive if `a` is. Two edits of one instant are ordered by their text, so that
 * every home keeps the same one, whichever came first.
 */
export function compareVersions(a: Version, b: Version): number {
  const difference = (a.at?.getTime() ?? 0) - (b.at?.getTime() ?? 0)
  return difference !== 0 ? difference : a.html < b.html ? -1 : a.html > b.html ? 1 : 0
}

/** Many servers set `updated` to the moment of publication: that is no edit. */
function editedAt(note: RemoteNote): Date | undefined {
  if (!note.updated || (note.published && note.updated <= note.published)) return undefined
  return note.updated
}

const earlier = (published: Date | undefined, received: Date): Date =>
  published && published < received ? published : received

/** Posts of siblings keep the id in their URI: ids are unique in the community. */
function idFor(deps: Deps, note: RemoteNote, received: Date): string {
  const own = ownAddress(deps.config.origin, note.uri)
  return own?.kind === 'post' ? own.id : remotePostId(deps.secret, note.uri, note.published, received)
}

/** Replies that came before what they answer. */
async function adoptReplies(
  tx: InstanceTransaction,
  post: { id: string; uri: string; account_id: string },
): Promise<void> {
  await tx
    .updateTable('posts')
    .set({ in_reply_to_id: post.id, in_reply_to_account_id: post.account_id })
    .where('in_reply_to_uri', '=', post.uri)
    .where('in_reply_to_id', 'is', null)
    .execute()
}

async function replaceMentions(tx: InstanceTransaction, postId: string, note: RemoteNote): Promise<void> {
  await tx.deleteFrom('mentions').where('post_id', '=', postId).execute()
  if (note.mentions.length === 0) return
  await tx
    .insertInto('mentions')
    .columns(['post_id', 'account_id'])
    .expression((eb) =>
      eb
        .selectFrom('accounts')
        .select([eb.val(postId).as('post_id'), 'accounts.id'])
        .where('uri', 'in', [...note.mentions]),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
