// Pictures, by member and content.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../../instance.ts'
import { readPicture } from '../../../media/store.ts'
import { idOf, readForm, text } from './forms.ts'

/** Whatever is opened from here can do nothing: a fixed type, no guessing, no scripts, no frame. */
export function registerMedia(app: FastifyInstance, instance: Instance): void {
  app.get('/media/:member/:sha', async (request, reply) => {
    const { member, sha } = readForm({ member: text, sha: text }, request.params)
    const picture = /^[0-9a-f]{64}$/.test(sha) ? await readPicture(instance.db, idOf(member), sha) : undefined
    reply.header('content-security-policy', "sandbox; default-src 'none'")
    reply.header('x-content-type-options', 'nosniff')
    reply.header('access-control-allow-origin', '*')
    reply.header('cross-origin-resource-policy', 'cross-origin')
    if (!picture) {
      return reply.code(404).header('cache-control', 'no-store').type('text/plain').send('No such picture.')
    }
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('etag', `"${sha}"`)
      .type(picture.content_type)
      .send(picture.bytes)
  })
}
