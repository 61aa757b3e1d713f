// Documents of posts and of the activities around them.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Instance } from '../../instance.ts'
import { visibleTo } from '../../visibility/visibility.ts'
import { announceActivity, createActivity } from '../documents/activities.ts'
import { activityUri, actorAddresses, postPage, postUri } from '../documents/addresses.ts'
import { ACTIVITY_JSON, type ObjectJson } from '../documents/json.ts'
import { tombstoneDocument } from '../documents/tombstone.ts'
import { wantsDocument } from './negotiate.ts'
import { viewerOf } from './viewer.ts'
import { absent, livesHere, presence, sendDocument } from './who.ts'

type Named = { Params: { handle: string; id: string } }

export function registerPosts(app: FastifyInstance, instance: Instance): void {
  const { origin } = instance.config

  app.get<Named>('/users/:handle/posts/:id', async (request, reply) => {
    const { handle, id } = named(request)
    if (!wantsDocument(request.headers.accept)) {
      return reply.header('vary', 'Accept').redirect(encodeURI(postPage(origin, handle, id)), 302)
    }
    return withPost(instance, request, reply, (json) => json)
  })

  app.get<Named>('/users/:handle/posts/:id/activity', async (request, reply) =>
    withPost(instance, request, reply, (json) =>
      JSON.stringify(createActivity(JSON.parse(json) as ObjectJson)),
    ),
  )

  app.get<Named>('/users/:handle/activities/:id', async (request, reply) => {
    const { handle, id } = named(request)
    const home = await resident(instance, reply, handle)
    if (!home) return reply
    const boost = await boostDocument(instance, handle, home.id, activityUri(origin, handle, id))
    return boost
      ? sendDocument(reply, JSON.stringify(boost))
      : reply.code(404).header('vary', 'Accept').send({ error: 'There is nothing here.' })
  })
}

const named = (request: FastifyRequest<Named>) => ({
  handle: request.params.handle.toLowerCase(),
  // In no id, and an error to PostgreSQL.
  id: request.params.id.replaceAll('\0', '\uFFFD'),
})

/** The member, if they live here; otherwise the reply is sent. */
async function resident(instance: Instance, reply: FastifyReply, handle: string) {
  const { actor } = actorAddresses(instance.config.origin, handle)
  const who = await presence(instance, handle)
  if (who.is !== 'member') absent(reply, who.is, { id: actor })
  else if (!(await livesHere(instance, who.home))) absent(reply, 'unsure', { id: actor })
  else return who.home
  return undefined
}

async function withPost(
  instance: Instance,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
  render: (objectJson: string) => string,
): Promise<FastifyReply> {
  const { handle, id } = named(request)
  const home = await resident(instance, reply, handle)
  if (!home) return reply
  const uri = postUri(instance.config.origin, handle, id)
  const viewer = await viewerOf(instance, request)
  const post = await instance.db
    .selectFrom('posts')
    .select('object_json')
    .where('uri', '=', uri)
    .where('account_id', '=', home.id)
    .where(visibleTo(viewer))
    .executeTakeFirst()
  reply.header('vary', 'Accept, Signature')
  if (post?.object_json) {
    return reply.type(`${ACTIVITY_JSON}; charset=utf-8`).send(render(post.object_json))
  }
  const tombstone = await instance.db
    .selectFrom('tombstones')
    .select('created_at')
    .where('uri', '=', uri)
    .where('member_id', '=', home.id)
    .executeTakeFirst()
  return tombstone
    ? reply
        .code(410)
        .type(ACTIVITY_JSON)
        .send(JSON.stringify(tombstoneDocument(uri, 'Note', tombstone.created_at)))
    : reply.code(404).send({ error: 'There is nothing here.' })
}

async function boostDocument(instance: Instance, handle: string, memberId: string, uri: string) {
  const row = await instance.db
    .selectFrom('boosts')
    .innerJoin('posts', 'posts.id', 'boosts.post_id')
    .innerJoin('accounts as authors', 'authors.id', 'posts.account_id')
    .select(['boosts.created_at', 'boosts.visibility', 'posts.uri', 'authors.uri as author'])
    .where('boosts.activity_uri', '=', uri)
    .where('boosts.account_id', '=', memberId)
    .where(visibleTo(undefined))
    .executeTakeFirst()
  if (row?.visibility !== 'public' && row?.visibility !== 'unlisted') return undefined
  const { actor, followers } = actorAddresses(instance.config.origin, handle)
  return announceActivity({
    id: uri,
    actor,
    followers,
    object: row.uri,
    author: row.author,
    visibility: row.visibility,
    published: row.created_at,
  })
}
