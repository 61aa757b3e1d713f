// A member's outbox, followers and followed, in pages.

import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import { isId } from '../../store/ids.ts'
import { visibleTo } from '../../visibility/visibility.ts'
import { createActivity } from '../documents/activities.ts'
import { actorAddresses } from '../documents/addresses.ts'
import { collectionDocument, pageDocument } from '../documents/collections.ts'
import { embedded, type ObjectJson } from '../documents/json.ts'
import { NOTE_CONTEXT } from '../documents/note.ts'
import { absent, livesHere, presence, sendDocument } from './who.ts'

const PAGE = 20
const PEOPLE_PAGE = 50

type Listing = { Params: { handle: string }; Querystring: { page?: string; max_id?: string; after?: string } }

export function registerCollections(app: FastifyInstance, instance: Instance): void {
  const { origin } = instance.config
  const collection = (
    name: 'outbox' | 'followers' | 'following',
    total: (memberId: string) => Promise<number>,
    page: (memberId: string, id: string, query: Listing['Querystring']) => Promise<ObjectJson>,
  ) => {
    app.get<Listing>(`/users/:handle/${name}`, async (request, reply) => {
      const address = actorAddresses(origin, request.params.handle.toLowerCase())
      const who = await presence(instance, request.params.handle)
      if (who.is !== 'member') return absent(reply, who.is, { id: address.actor })
      if (!(await livesHere(instance, who.home))) return absent(reply, 'unsure', { id: address.actor })
      const document = request.query.page
        ? await page(who.home.id, address[name], request.query)
        : collectionDocument(address[name], await total(who.home.id))
      return sendDocument(reply, JSON.stringify(document))
    })
  }

  collection(
    'outbox',
    async (memberId) => {
      const { count } = await instance.db
        .selectFrom('posts')
        .select(sql<string>`count(*)`.as('count'))
        .where('account_id', '=', memberId)
        .where(visibleTo(undefined))
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async (memberId, id, query) => {
      const before = isId(query.max_id) ? query.max_id : undefined
      let posts = instance.db
        .selectFrom('posts')
        .select(['id', 'object_json'])
        .where('account_id', '=', memberId)
        .where('object_json', 'is not', null)
        .where(visibleTo(undefined))
        .orderBy('id', 'desc')
        .limit(PAGE)
      if (before) posts = posts.where('id', '<', before)
      const rows = await posts.execute()
      const last = rows.length === PAGE ? rows.at(-1)?.id : undefined
      return pageDocument(
        id,
        {
          query: before ? `page=true&max_id=${before}` : 'page=true',
          ...(last && { next: `page=true&max_id=${last}` }),
          items: rows.map((row) =>
            embedded(createActivity(JSON.parse(row.object_json ?? '{}') as ObjectJson)),
          ),
        },
        NOTE_CONTEXT,
      )
    },
  )
  people(instance, collection, 'followers', { mine: 'followee_id', theirs: 'follower_id' })
  people(instance, collection, 'following', { mine: 'follower_id', theirs: 'followee_id' })
}

type Collection = (
  name: 'followers' | 'following',
  total: (memberId: string) => Promise<number>,
  page: (memberId: string, id: string, query: Listing['Querystring']) => Promise<ObjectJson>,
) => void

function people(
  instance: Instance,
  collection: Collection,
  name: 'followers' | 'following',
  side: { readonly mine: 'follower_id' | 'followee_id'; readonly theirs: 'follower_id' | 'followee_id' },
): void {
  collection(
    name,
    async (memberId) => {
      const { count } = await instance.db
        .selectFrom('follows')
        .select(sql<string>`count(*)`.as('count'))
        .where(side.mine, '=', memberId)
        .where('state', '=', 'accepted')
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async (memberId, id, query) => {
      const after = isId(query.after) ? query.after : undefined
      let edges = instance.db
        .selectFrom('follows')
        .innerJoin('accounts', 'accounts.id', `follows.${side.theirs}`)
        .select(['accounts.id', 'accounts.uri'])
        .where(`follows.${side.mine}`, '=', memberId)
        .where('follows.state', '=', 'accepted')
        .orderBy('accounts.id')
        .limit(PEOPLE_PAGE)
      if (after) edges = edges.where('accounts.id', '>', after)
      const rows = await edges.execute()
      const last = rows.length === PEOPLE_PAGE ? rows.at(-1)?.id : undefined
      return pageDocument(id, {
        query: after ? `page=true&after=${after}` : 'page=true',
        ...(last && { next: `page=true&after=${last}` }),
        items: rows.map((row) => row.uri),
      })
    },
  )
}
