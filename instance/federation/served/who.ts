// Whether there is a member of a name: from memory, and from the directory itself before anybody is told "no".
import type { FastifyReply } from 'fastify'
import type { Home } from '../../directory/homes.ts'
import type { Instance } from '../../instance.ts'
import { ACTIVITY_JSON } from '../documents/json.ts'
import { tombstoneDocument } from '../documents/tombstone.ts'

export type Presence =
  | { readonly is: 'member'; readonly home: Home }
  /** Was one, and left: 410. */
  | { readonly is: 'gone' }
  /** The directory has no such handle: 404. */
  | { readonly is: 'nobody' }
  /** Cannot be said now: 503. A wrong 404 or 410 makes remote servers forget a person for ever. */
  | { readonly is: 'unsure' }

export async function presence(instance: Pick<Instance, 'homes' | 'log'>, handle: string): Promise<Presence> {
  let home = instance.homes.byHandle(handle)
  if (home?.state === 'active') return { is: 'member', home }
  try {
    home = await instance.homes.freshByHandle(handle)
  } catch (error) {
    instance.log.warn({ err: error }, 'the directory cannot be read')
    return { is: 'unsure' }
  }
  if (!home) return { is: instance.homes.regressed ? 'unsure' : 'nobody' }
  if (home.state === 'active') return { is: 'member', home }
  return { is: home.state === 'deleted' ? 'gone' : 'unsure' }
}

/**
 * Whether this home has the member whom the directory places here. If not (a restored database, a join that is not
 * complete), their absence is our fault and no fact about them.
 */
export async function livesHere(instance: Pick<Instance, 'config' | 'db'>, home: Home): Promise<boolean> {
  if (home.home !== instance.config.ordinal) return false
  const row = await instance.db
    .selectFrom('members')
    .select('id')
    .where('id', '=', home.id)
    .where('state', 'not in', ['pending', 'staged', 'leaving'])
    .executeTakeFirst()
  return row !== undefined
}

/** The answer for anybody who is not there. */
export function absent(
  reply: FastifyReply,
  is: Exclude<Presence['is'], 'member'>,
  document: { readonly id: string },
): FastifyReply {
  reply.header('vary', 'Accept')
  if (is === 'gone')
    return reply
      .code(410)
      .type(ACTIVITY_JSON)
      .send(JSON.stringify(tombstoneDocument(document.id)))
  if (is === 'nobody')
    return reply.code(404).type('application/json').send({ error: 'There is nobody of this name.' })
  return reply
    .code(503)
    .header('retry-after', '30')
    .type('application/json')
    .send({ error: 'This cannot be answered right now.' })
}

export function sendDocument(reply: FastifyReply, body: string): FastifyReply {
  return reply.header('vary', 'Accept').type(`${ACTIVITY_JSON}; charset=utf-8`).send(body)
}
