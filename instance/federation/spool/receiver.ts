// What siblings hand over: stored, then acknowledged. It is not verified again, for signatures die after an hour.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../instance.ts'
import { handovers } from './handover.ts'

export function registerSpool(app: FastifyInstance, instance: Instance): void {
  app.post('/internal/spool', async (request, reply) => {
    const from = request.sibling
    const parsed = handovers.safeParse(request.body)
    if (from === undefined || !Number.isInteger(from)) {
      return reply.code(400).send({ error: 'x-hamlet-ordinal: say which instance you are' })
    }
    if (!parsed.success) return reply.code(400).send({ error: parsed.error.message })
    const { items } = parsed.data
    await instance.db
      .insertInto('intake')
      .values(
        items.map((item) => ({
          activity_uri: item.activity_uri,
          actor_uri: item.actor_uri,
          recipient: item.recipient,
          body: JSON.stringify(item.body),
          from_sibling: from,
          sibling_seq: item.seq,
        })),
      )
      // What was applied already and comes again, for its acknowledgement was lost, is applied again: no harm.
      .onConflict((conflict) => conflict.columns(['from_sibling', 'sibling_seq']).doNothing())
      .execute()
    instance.wake.soon('intake')
    return { taken: items.map((item) => item.seq) }
  })
}
