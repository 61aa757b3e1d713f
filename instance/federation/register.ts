// Everything that other servers ask of the community.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../instance.ts'
import { registerInboxes } from './in/routes.ts'
import { registerActors } from './served/actor.ts'
import { registerCollections } from './served/collections.ts'
import { registerNodeinfo } from './served/nodeinfo.ts'
import { registerPosts } from './served/posts.ts'
import { registerWebfinger } from './served/webfinger.ts'

export async function registerFederation(app: FastifyInstance, instance: Instance): Promise<void> {
  registerWebfinger(app, instance)
  registerNodeinfo(app, instance)
  registerActors(app, instance)
  registerPosts(app, instance)
  registerCollections(app, instance)
  await registerInboxes(app, instance)
}
