// Members who have everything that a member can have, and what of it must be the same wherever they live.
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Instance } from '../../instance/instance.ts'
import { storePicture } from '../../instance/media/store.ts'
import { follow } from '../../instance/members/follow.ts'
import { HOME, type Place } from '../../instance/move/rows/carried.ts'
import { inSnapshot } from '../../instance/move/rows/export.ts'
import { notify } from '../../instance/notifications/notify.ts'
import { boost, like } from '../../instance/posts/react.ts'
import { deletePost } from '../../instance/posts/remove.ts'
import { writePost } from '../../instance/posts/write.ts'
import { isRefusal, type Refusal } from '../../instance/refusal.ts'
import { asMember } from '../../instance/store/as-member.ts'
import { remotePostId } from '../../instance/store/ids.ts'
import { stranger, type TestMember } from './people.ts'

/** Throws what was refused. */
export function must<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Error(`${result.code} ${JSON.stringify(result.details ?? {})}`)
  return result
}

/** A post of somebody of another server, as if it had come. */
export async function strangersPost(
  instance: Instance,
  author: string,
  name: string,
  more: { readonly answers?: string; readonly received?: Date; readonly mentions?: string } = {},
): Promise<{ id: string; uri: string }> {
  const uri = `https://other.example/notes/${name}`
  const received = more.received ?? instance.clock()
  const id = remotePostId(instance.secret, uri, undefined, received)
  const parent = more.answers
    ? await instance.db
        .selectFrom('posts')
        .select(['id', 'uri', 'account_id'])
        .where('id', '=', more.answers)
        .executeTakeFirstOrThrow()
    : undefined
  await instance.db
    .insertInto('posts')
    .values({
      id,
      uri,
      url: uri,
      account_id: author,
      visibility: 'public',
      content_html: `<p>${name}</p>`,
      in_reply_to_uri: parent?.uri ?? null,
      in_reply_to_id: parent?.id ?? null,
      in_reply_to_account_id: parent?.account_id ?? null,
      published_at: received,
      received_at: received,
    })
    .execute()
  if (more.mentions) {
    await instance.db.insertInto('mentions').values({ post_id: id, account_id: more.mentions }).execute()
  }
  return { id, uri }
}

export type Life = {
  readonly posts: readonly string[]
  /** A post that was deleted. */
  readonly deleted: string
  readonly stranger: string
  /** Strangers' posts: one liked, one boosted, one that answers, one that only the home timeline shows. */
  readonly liked: string
  readonly boosted: string
  readonly answer: string
  readonly shown: string
  readonly picture: string
}

/** Fills somebody's life: every table that a member has rows in gets some. `name` keeps lives apart. */
export async function live(instance: Instance, who: TestMember, name: string): Promise<Life> {
  const { db } = instance
  const id = await stranger(instance, `${name}s_friend`)
  must(await follow(instance, who, id))
  await db.updateTable('follows').set({ state: 'accepted' }).where('follower_id', '=', who.id).execute()
  const fan = await stranger(instance, `${name}s_fan`)
  await db
    .insertInto('follows')
    .values({
      follower_id: fan,
      followee_id: who.id,
      state: 'accepted',
      activity_uri: `https://other.example/f/${name}`,
    })
    .execute()
  const said = async (
    text: string,
    visibility: 'public' | 'followers' | 'instance' | 'direct',
    replyTo?: string,
  ) =>
    must(
      await writePost(instance, who, {
        text,
        visibility,
        onceKey: `${name}-${text}`,
        ...(replyTo && { replyTo }),
      }),
    ).id
  const liked = await strangersPost(instance, id, `${name}-liked`)
  const boosted = await strangersPost(instance, id, `${name}-boosted`)
  const shown = await strangersPost(instance, id, `${name}-shown`)
  const posts = [
    await said('For #everybody', 'public'),
    await said('For followers', 'followers'),
    await said('For here', 'instance'),
    await said(`Psst @${name}s_fan@other.example`, 'direct'),
    await said('An answer', 'public', shown.id),
  ]
  const [first = ''] = posts
  const answer = await strangersPost(instance, fan, `${name}-answer`, { answers: first, mentions: who.id })
  must(await like(instance, who, liked.id))
  must(await boost(instance, who, boosted.id))
  const deleted = await said('A mistake', 'public')
  must(await deletePost(instance, who, deleted))
  const bytes = Buffer.from(`picture of ${name}`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  must(
    await asMember(instance, who, async (tx) => {
      await storePicture(tx, who.id, { sha256, bytes, contentType: 'image/webp', width: 1, height: 1 })
      await tx
        .insertInto('likes')
        .values({ account_id: fan, post_id: first, activity_uri: `https://other.example/l/${name}` })
        .execute()
      await tx
        .insertInto('boosts')
        .values({
          id: remotePostId(instance.secret, `https://other.example/b/${name}`, undefined, instance.clock()),
          account_id: fan,
          post_id: first,
          visibility: 'public',
          activity_uri: `https://other.example/b/${name}`,
        })
        .execute()
      for (const kind of ['like', 'boost'] as const) {
        await notify(tx, { memberId: who.id, kind, accountId: fan, postId: first })
      }
      await notify(tx, { memberId: who.id, kind: 'mention', accountId: fan, postId: answer.id })
      await notify(tx, { memberId: who.id, kind: 'follow', accountId: fan })
      return true
    }),
  )
  return {
    posts,
    deleted,
    stranger: id,
    liked: liked.id,
    boosted: boosted.id,
    answer: answer.id,
    shown: shown.id,
    picture: sha256,
  }
}

/** What moving somebody must not change: all that is theirs, but the note that they have come to live here. */
export const BROUGHT: Place = (table) =>
  table === 'notifications' ? sql`(SELECT * FROM ${HOME(table)} WHERE kind <> 'notice')` : HOME(table)

/** How many notes tell a member that they have come to live here. */
export async function notesOfHome({ db }: Pick<Instance, 'db'>, memberId: string): Promise<number> {
  const rows = await db
    .selectFrom('notifications')
    .select('id')
    .where('member_id', '=', memberId)
    .where('kind', '=', 'notice')
    .execute()
  return rows.length
}

/** Everything of a database as text, table by table, but for what a home counts and remembers about itself. */
export async function dump(instance: Pick<Instance, 'db'>): Promise<Record<string, string[]>> {
  const skipped = new Set(['boots', 'home', 'moves', 'intake', 'spool'])
  return inSnapshot(instance.db, async (tx) => {
    const { rows: tables } = await sql<{ schema: string; name: string }>`
      SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname IN ('public', 'carried') ORDER BY 1, 2`.execute(tx)
    const all: Record<string, string[]> = {}
    for (const { schema, name } of tables) {
      if (schema === 'public' && skipped.has(name)) continue
      const { rows } = await sql<{ row: string }>`
        SELECT to_jsonb(t)::text AS row FROM ${sql.id(schema, name)} AS t ORDER BY 1`.execute(tx)
      if (rows.length > 0) all[`${schema}.${name}`] = rows.map(({ row }) => row)
    }
    const { residents } = await tx.selectFrom('home').select('residents').executeTakeFirstOrThrow()
    return { ...all, residents: [String(residents)] }
  })
}
