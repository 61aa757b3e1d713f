// A fresh start in used databases: three people with a past, and strangers who know them.
import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { type KeyPairs, makeKeyPairs } from '../../../instance/accounts/credentials/keys.ts'
import { makePasswords } from '../../../instance/accounts/credentials/passwords.ts'
import { actorDocument } from '../../../instance/federation/documents/actor.ts'
import {
  actorAddresses,
  postPage,
  postUri,
  sharedInbox,
} from '../../../instance/federation/documents/addresses.ts'
import { noteDocument } from '../../../instance/federation/documents/note.ts'
import type { Picture } from '../../../instance/media/picture.ts'
import { remoteAccountId } from '../../../instance/store/ids.ts'
import { PASSWORD } from '../../postgres/people.ts'
import { type Model, makeModel, type Person } from '../model.ts'
import { emptyDirectory, emptyHome } from './empty.ts'
import { FAR_INBOX, STRANGERS, strangerUri } from './remote.ts'
import type { World } from './world.ts'

export const HANDLES = ['ana', 'ben', 'cem'] as const
export type Handle = (typeof HANDLES)[number]
/** The text of everybody's first post, which nobody deletes. */
export const firstOf = (handle: string): string => `First of ${handle}`

/** A picture of somebody's, whose address gives the same for ever. Nobody looks whether it is one. */
export function pictureOf(name: string): Picture {
  const bytes = Buffer.from(`RIFF\xff\x00WEBP ${name}`, 'latin1')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { bytes, sha256, contentType: 'image/webp', width: 1, height: 1 }
}

export type Start = {
  readonly homes: Readonly<Record<Handle, number>>
  readonly follows: readonly (readonly [Handle, Handle])[]
}

type Row = Readonly<Record<string, unknown>>
async function insert(db: pg.Pool, table: string, rows: readonly Row[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return
  const list = names.join(', ')
  await db.query(
    `INSERT INTO ${table} (${list}) SELECT ${list} FROM json_populate_recordset(NULL::${table}, $1)`,
    [JSON.stringify(rows)],
  )
}

let shared: Promise<{ keys: KeyPairs; password: string }> | undefined
const secrets = async () => ({
  keys: await makeKeyPairs(),
  password: await makePasswords({ memory: 8, passes: 1, parallelism: 1 }).hash(PASSWORD),
})
/** No member of an earlier schedule has the id of one of a later, whose homes could take one for the other. */
let count = 0

/** Empties all databases and fills them anew. Everybody's first post was delivered long ago. */
export async function begin(world: World, start: Start): Promise<Model> {
  shared ??= secrets()
  const { keys, password } = await shared
  const { origin } = world
  for (const { clock } of world.pods) clock.skewMs = 0
  const base = 1_000 * ++count
  const people = HANDLES.map((handle, index): Person => {
    const id = String(base + index)
    return {
      id,
      handle,
      sessions: [`${id}.${randomBytes(32).toString('base64url')}`],
      pictures: new Map([[pictureOf(handle).sha256, 'yes']]),
      shown: new Set(['none']),
    }
  })
  const model = makeModel(people)
  const of = (handle: Handle) => people[HANDLES.indexOf(handle)]?.id ?? ''
  const now = new Date()
  const accounts = people.map(({ id, handle }) => {
    const address = actorAddresses(origin, handle)
    return {
      id,
      uri: address.actor,
      handle,
      domain: null,
      display_name: '',
      bio_html: '',
      url: address.profile,
      inbox: address.inbox,
      shared_inbox: sharedInbox(origin),
      followers_uri: address.followers,
      locked: false,
      bot: false,
      actor_json: null as string | null,
      fetched_at: now as Date | null,
      created_at: now,
      updated_at: now,
    }
  })
  const secret = world.pods[0]?.instance.secret ?? Buffer.alloc(0)
  const strangers = STRANGERS.map((name) => {
    const uri = strangerUri(name)
    return {
      id: remoteAccountId(secret, uri),
      uri,
      handle: name,
      domain: 'far.example',
      display_name: name,
      bio_html: '',
      url: uri,
      inbox: `${uri}/inbox`,
      shared_inbox: FAR_INBOX,
      followers_uri: `${uri}/followers`,
      locked: false,
      bot: false,
      actor_json: null,
      fetched_at: now,
      created_at: now,
      updated_at: now,
    }
  })
  const bob = strangers[0]?.id
  const carol = strangers[1]?.id
  await emptyDirectory(world.directory)
  await insert(
    world.directory,
    'members',
    people.map(({ id, handle }, index) => ({
      id,
      handle,
      home: start.homes[HANDLES[index] ?? 'ana'],
      epoch: 1,
      state: 'active',
      role: 'member',
      seated: true,
      created_at: now,
    })),
  )
  await Promise.all(
    world.pods.map(async ({ ordinal, admin, instance }) => {
      await emptyHome(admin)
      const here = people.filter((_, index) => start.homes[HANDLES[index] ?? 'ana'] === ordinal)
      const ids = new Set(here.map(({ id }) => id))
      await insert(admin, 'accounts', [
        ...accounts.map((account) =>
          ids.has(account.id)
            ? {
                ...account,
                fetched_at: null,
                actor_json: JSON.stringify(
                  actorDocument(origin, {
                    handle: account.handle,
                    displayName: '',
                    bioHtml: '',
                    locked: false,
                    published: now,
                    publicKeys: keys.map((key) => ({ ...key.public_jwk })),
                  }),
                ),
              }
            : account,
        ),
        ...strangers,
      ])
      await insert(
        admin,
        'members',
        here.map(({ id, handle }) => ({
          id,
          handle,
          state: 'active',
          epoch: 1,
          role: 'member',
          password_hash: password,
          bio_text: '',
          locked: false,
          created_at: now,
        })),
      )
      await insert(
        admin,
        'member_keys',
        here.flatMap(({ id }) =>
          keys.map((key, position) => ({
            member_id: id,
            position,
            algorithm: key.algorithm,
            private_jwk: key.private_jwk,
            public_jwk: key.public_jwk,
          })),
        ),
      )
      await insert(
        admin,
        'sessions',
        here.map(({ id, sessions }) => ({
          token_hash: `\\x${createHash('sha256')
            .update(sessions[0]?.split('.')[1] ?? '')
            .digest('hex')}`,
          member_id: id,
          csrf: 'csrf',
          created_at: now,
          last_used_at: now,
          expires_at: new Date(now.getTime() + 86_400_000),
          user_agent: '',
        })),
      )
      await insert(
        admin,
        'media',
        here.map(({ id, handle }) => {
          const { sha256, bytes, contentType, width, height } = pictureOf(handle)
          const row = { member_id: id, sha256, content_type: contentType, width, height, created_at: now }
          return { ...row, bytes: `\\x${bytes.toString('hex')}` }
        }),
      )
      const follows = start.follows.filter(([a, b]) => ids.has(of(a)) || ids.has(of(b)))
      await insert(
        admin,
        'posts',
        people
          .filter(({ id, handle }) => ids.has(id) || follows.some(([a, b]) => b === handle && ids.has(of(a))))
          .map(({ id, handle }) => {
            const post = `${id}7`
            const html = `<p>${firstOf(handle)}</p>`
            const note = noteDocument(origin, {
              id: post,
              handle,
              visibility: 'public',
              contentHtml: html,
              published: now,
            })
            return {
              id: post,
              uri: postUri(origin, handle, post),
              url: postPage(origin, handle, post),
              account_id: id,
              visibility: 'public',
              content_html: html,
              content_text: ids.has(id) ? firstOf(handle) : null,
              summary: '',
              sensitive: false,
              object_json: ids.has(id) ? JSON.stringify(note) : null,
              published_at: now,
              received_at: now,
            }
          }),
      )
      const edge = (a: string | undefined, b: string | undefined) => ({
        follower_id: a,
        followee_id: b,
        state: 'accepted',
        activity_uri: `${origin}/f/${a}/${b}`,
        created_at: now,
      })
      await insert(admin, 'follows', [
        ...follows.map(([a, b]) => edge(of(a), of(b))),
        ...here.flatMap(({ id }) => [edge(carol, id), edge(id, bob)]),
      ])
      await instance.homes.refresh()
    }),
  )
  for (const { id, handle } of people) {
    model.posts.set(firstOf(handle), {
      author: handle,
      text: firstOf(handle),
      visibility: 'public',
      is: 'yes',
      id: `${id}7`,
      versions: new Set([0]),
    })
  }
  for (const [a, b] of start.follows) {
    model.follows.set(`${a}>${b}`, 'yes')
    model.lasting.add(`${a}>${b}`)
  }
  world.arrived.length = 0
  world.calls.length = 0
  return model
}
