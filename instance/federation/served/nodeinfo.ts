// NodeInfo 2.0 and 2.1. From outside the community is one server, so any pod gives the totals of all.
import type { FastifyInstance } from 'fastify'
import { makeTotalPosts } from '../../directory/figures.ts'
import type { Instance } from '../../instance.ts'

const VERSIONS = ['2.0', '2.1'] as const
const schema = (version: string) => `http://nodeinfo.diaspora.software/ns/schema/${version}`

/** The version of Hamlet that is told to the world. */
const SOFTWARE = { name: 'hamlet', version: '0.1.0' }

export function registerNodeinfo(app: FastifyInstance, instance: Instance): void {
  const { origin } = instance.config
  const totalPosts = makeTotalPosts(instance)
  app.get('/.well-known/nodeinfo', async (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send({
      links: VERSIONS.map((version) => ({ rel: schema(version), href: `${origin}/nodeinfo/${version}` })),
    }),
  )
  for (const version of VERSIONS) {
    app.get(`/nodeinfo/${version}`, async (_request, reply) => {
      const settings = instance.settings()
      const localPosts = await totalPosts()
      reply.header('access-control-allow-origin', '*')
      reply.type(`application/json; profile="${schema(version)}#"; charset=utf-8`)
      return reply.send(
        JSON.stringify({
          version,
          software: SOFTWARE,
          protocols: ['activitypub'],
          services: { inbound: [], outbound: [] },
          openRegistrations: settings.registration === 'Open',
          usage: {
            users: { total: instance.homes.totals().members },
            ...(localPosts !== undefined && { localPosts }),
          },
          metadata: { nodeName: settings.title, nodeDescription: settings.description },
        }),
      )
    })
  }
}
