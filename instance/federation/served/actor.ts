// Actor documents: the community's from the directory's keys, members' as they are stored.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../instance.ts'
import { communityDocument } from '../documents/actor.ts'
import { actorAddresses, communityActor } from '../documents/addresses.ts'
import { collectionDocument } from '../documents/collections.ts'
import { communityKeys } from '../keys/community.ts'
import { wantsDocument } from './negotiate.ts'
import { absent, presence, sendDocument } from './who.ts'

export function registerActors(app: FastifyInstance, instance: Instance): void {
  const { origin, ordinal } = instance.config

  // Never behind a signature: servers fetch it to check the signature of our own fetches.
  app.get('/actor', async (_request, reply) => {
    const { publicKeys, created } = await communityKeys(instance)
    const { title } = instance.settings()
    return sendDocument(
      reply,
      JSON.stringify(communityDocument(origin, { title, published: created, publicKeys })),
    )
  })
  for (const name of ['outbox', 'featured']) {
    app.get(`/actor/${name}`, async (_request, reply) =>
      sendDocument(reply, JSON.stringify(collectionDocument(`${communityActor(origin)}/${name}`, 0, false))),
    )
  }

  // Nobody can pin a post yet, so it is empty for everybody.
  app.get<{ Params: { handle: string } }>('/users/:handle/featured', async (request, reply) => {
    const { actor, featured } = actorAddresses(origin, request.params.handle.toLowerCase())
    const who = await presence(instance, request.params.handle)
    return who.is === 'member'
      ? sendDocument(reply, JSON.stringify(collectionDocument(featured, 0, false)))
      : absent(reply, who.is, { id: actor })
  })

  app.get<{ Params: { handle: string } }>('/users/:handle', async (request, reply) => {
    const { actor, profile } = actorAddresses(origin, request.params.handle.toLowerCase())
    if (!wantsDocument(request.headers.accept))
      return reply.header('vary', 'Accept').redirect(encodeURI(profile), 302)
    const who = await presence(instance, request.params.handle)
    if (who.is !== 'member') return absent(reply, who.is, { id: actor })
    if (who.home.home !== ordinal) return absent(reply, 'unsure', { id: actor })
    const row = await instance.db
      .selectFrom('accounts')
      .innerJoin('members', 'members.id', 'accounts.id')
      .select('accounts.actor_json')
      .where('accounts.id', '=', who.home.id)
      .where('members.state', 'not in', ['pending', 'staged', 'leaving'])
      .executeTakeFirst()
    // The directory says that they live here: then their absence is our fault, not a fact about them.
    return row?.actor_json ? sendDocument(reply, row.actor_json) : absent(reply, 'unsure', { id: actor })
  })
}
