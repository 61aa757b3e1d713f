// WebFinger and host-meta: who is who, answered by any pod from the directory, also while the home is down.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../instance.ts'
import { actorAddresses, communityActor, ownAddress } from '../documents/addresses.ts'
import { ACTIVITY_JSON } from '../documents/json.ts'
import { absent, presence } from './who.ts'

export type Subject = { readonly handle: string } | 'community'

/**
 * Whom a `resource` names: `acct:ana@garden.example`, the same without `acct:` or with an @ before it, the actor's
 * URI, the profile's page. Names are case-folded. Undefined for what is not ours. Pure.
 */
export function readResource(resource: string, origin: string): Subject | undefined {
  const { host } = new URL(origin)
  const own = ownAddress(origin, resource)
  if (own)
    return own.kind === 'actor' ? { handle: own.handle } : own.kind === 'community' ? 'community' : undefined
  const match = /^(?:acct:)?@?([^@\s]+)@([^@\s/]+)$/i.exec(resource.trim())
  if (match?.[2]?.toLowerCase() !== host || !match[1]) return undefined
  const handle = match[1].toLowerCase()
  return handle === host ? 'community' : { handle }
}

export function registerWebfinger(app: FastifyInstance, instance: Instance): void {
  const { origin, domain } = instance.config

  app.get<{ Querystring: { resource?: string | string[] } }>(
    '/.well-known/webfinger',
    async (request, reply) => {
      reply.header('access-control-allow-origin', '*')
      const { resource } = request.query
      if (typeof resource !== 'string') {
        return reply.code(400).send({ error: 'resource: give one, such as acct:ana@garden.example' })
      }
      const subject = readResource(resource, origin)
      if (!subject) return reply.code(404).send({ error: 'This is not one of ours.' })
      reply.type('application/jrd+json; charset=utf-8')
      if (subject === 'community') {
        return reply.send(
          JSON.stringify(descriptor(`acct:${domain}@${domain}`, communityActor(origin), origin)),
        )
      }
      const who = await presence(instance, subject.handle)
      if (who.is !== 'member')
        return absent(reply, who.is, { id: actorAddresses(origin, subject.handle).actor })
      const { actor, profile } = actorAddresses(origin, who.home.handle)
      return reply.send(JSON.stringify(descriptor(`acct:${who.home.handle}@${domain}`, actor, profile)))
    },
  )

  app.get('/.well-known/host-meta', async (_request, reply) =>
    reply
      .type('application/xrd+xml; charset=utf-8')
      .send(
        `<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">` +
          `<Link rel="lrdd" type="application/jrd+json" template="${origin}/.well-known/webfinger?resource={uri}"/></XRD>\n`,
      ),
  )
}

const descriptor = (subject: string, actor: string, page: string) => ({
  subject,
  aliases: [actor, page],
  links: [
    { rel: 'self', type: ACTIVITY_JSON, href: actor },
    { rel: 'http://webfinger.net/rel/profile-page', type: 'text/html', href: page },
  ],
})
