// What siblings ask of this home: hand-overs, profiles and posts of its residents, and its counts.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Instance } from '../instance.ts'
import { idText } from '../store/ids.ts'
import { visibleTo } from '../visibility/visibility.ts'
import { ownAddress } from './documents/addresses.ts'
import { knownPath } from './resolve/by-id.ts'
import type { MemberProfile } from './resolve/sibling.ts'
import { registerSpool } from './spool/receiver.ts'

const ID = z.object({ id: idText })

export function registerInternal(app: FastifyInstance, instance: Instance): void {
  registerSpool(app, instance)

  app.get<{ Params: { handle: string } }>('/internal/accounts/:handle', async (request, reply) => {
    const row = await instance.db
      .selectFrom('members')
      .innerJoin('accounts', 'accounts.id', 'members.id')
      .select(['accounts.id', 'accounts.handle', 'accounts.display_name', 'accounts.bio_html'])
      .select(['accounts.avatar_url', 'members.locked', 'accounts.bot'])
      .where('members.handle', '=', request.params.handle.toLowerCase())
      .where('members.state', 'in', ['active', 'suspended', 'frozen'])
      .executeTakeFirst()
    if (!row) return reply.code(404).send({ error: 'no such resident' })
    return row satisfies MemberProfile
  })

  app.get<{ Querystring: { uri?: string } }>('/internal/objects', async (request, reply) => {
    const own = ownAddress(instance.config.origin, request.query.uri ?? '')
    if (own?.kind !== 'post') return reply.code(400).send({ error: 'uri: give the address of a post' })
    const row = await instance.db
      .selectFrom('posts')
      .innerJoin('members', 'members.id', 'posts.account_id')
      .select('posts.object_json')
      .where('posts.id', '=', own.id)
      .where(visibleTo(undefined))
      .executeTakeFirst()
    if (!row?.object_json) {
      // Of somebody who is just arriving not all is in its place; of whom this home has lost nothing is known.
      const author = await instance.db
        .selectFrom('members')
        .select('state')
        .where('handle', '=', own.handle)
        .executeTakeFirst()
      const home = instance.homes.byHandle(own.handle)
      const isOurs = home?.state === 'active' && home.home === instance.config.ordinal
      return author?.state === 'staged' || (!author && isOurs)
        ? reply.code(503).header('retry-after', '1').send({ error: 'not all of this member is here yet' })
        : reply.code(404).send({ error: 'no such post' })
    }
    return { object: JSON.parse(row.object_json) as unknown }
  })

  // The homes of a community give a person or a post the same id, but not each of them has met it.
  const tell = (reply: FastifyReply, row: { uri: string } | undefined) =>
    row ?? reply.code(404).send({ error: 'nothing of this id is known here' })
  app.get(knownPath('account', ':id'), async (request, reply) => {
    const { id } = ID.parse(request.params)
    return tell(
      reply,
      await instance.db.selectFrom('accounts').select('uri').where('id', '=', id).executeTakeFirst(),
    )
  })
  app.get(knownPath('post', ':id'), async (request, reply) => {
    const { id } = ID.parse(request.params)
    const row = await instance.db
      .selectFrom('posts')
      .select('uri')
      .where('id', '=', id)
      .where(visibleTo(undefined))
      .executeTakeFirst()
    return tell(reply, row)
  })
}
