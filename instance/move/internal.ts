// The routes of a move, behind the key of the community. Refusals are answers like any other: 200.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { SiblingUnreachable } from '../siblings/client.ts'
import { activate, tidy } from './arriving/activate.ts'
import { compare, seal } from './arriving/compare.ts'
import { catchUp, copy } from './arriving/copy.ts'
import { drop, stage, type TargetDeps } from './arriving/target.ts'
import {
  deltaCall,
  MOVES,
  type MoveCall,
  moveCall,
  pageCall,
  type SideState,
  type SourceVerb,
  type TargetVerb,
} from './calls.ts'
import { isOverOnlyHere } from './fence.ts'
import { fetchLate, showLate } from './late.ts'
import { demote } from './leaving/demote.ts'
import { showKept } from './leaving/kept.ts'
import { release } from './leaving/release.ts'
import { showDelta, showPage } from './leaving/show.ts'
import { freeze, quiesce, subscribe } from './leaving/source.ts'
import { schemaOf } from './rows/digest.ts'

type Verb = (deps: TargetDeps, call: MoveCall) => Promise<object | Refusal>

const VERBS: Readonly<Record<SourceVerb | TargetVerb, Verb>> = {
  subscribe,
  quiesce,
  freeze,
  demote,
  release,
  stage,
  copy,
  'catch-up': catchUp,
  compare,
  seal,
  activate,
  tidy: async (deps, call) => {
    await fetchLate(deps, call.move)
    return tidy(deps, call)
  },
  drop,
}

/** Verbs that hold for a directory of any age: they only take back, and the directory was asked. */
export function registerMoves(app: FastifyInstance, instance: TargetDeps): void {
  for (const [name, verb] of Object.entries(VERBS)) {
    app.post(`${MOVES}/${name}`, async (request, reply) => {
      const call = moveCall.safeParse(request.body)
      if (!call.success) return reply.code(400).send({ error: z.prettifyError(call.error) })
      return runVerb(instance, verb, call.data)
    })
  }
  app.post(`${MOVES}/page`, async (request, reply) => {
    const call = pageCall.safeParse(request.body)
    if (!call.success) return reply.code(400).send({ error: z.prettifyError(call.error) })
    return believed(instance, call.data, await showPage(instance, request.sibling, call.data))
  })
  app.post(`${MOVES}/kept`, async (request, reply) => {
    const call = pageCall.safeParse(request.body)
    if (!call.success) return reply.code(400).send({ error: z.prettifyError(call.error) })
    return showKept(instance, request.sibling, call.data)
  })
  app.post(`${MOVES}/late`, async (request, reply) => {
    const call = moveCall.safeParse(request.body)
    if (!call.success) return reply.code(400).send({ error: z.prettifyError(call.error) })
    return showLate(instance, request.sibling, call.data)
  })
  app.post(`${MOVES}/delta`, async (request, reply) => {
    const call = deltaCall.safeParse(request.body)
    if (!call.success) return reply.code(400).send({ error: z.prettifyError(call.error) })
    return believed(instance, call.data, await showDelta(instance, request.sibling, call.data))
  })
}

/** What is said to whoever wants to go on with a move that is over here. */
const ENDED: ReadonlySet<string> = new Set(['move-overtaken', 'move-not-so-far'])

/** The answer; but a directory that would go on with a move that is over here is an older copy of itself. */
async function believed<T>(
  instance: TargetDeps,
  { move }: Pick<MoveCall, 'move'>,
  answer: T | Refusal,
): Promise<T | Refusal> {
  if (!isRefusal(answer) || !ENDED.has(answer.code) || !(await isOverOnlyHere(instance, move))) return answer
  await instance.homes.disprove()
  return refuse('directory-regressed', { retryAfter: 60 })
}

/** That the other home gives no answer is not this one's failure, and whoever drives the move is to know which it is. */
function ofSibling(error: unknown): Refusal {
  if (error instanceof SiblingUnreachable)
    return refuse('unavailable', { details: { ordinal: error.ordinal } })
  throw error
}

/** Does it, then reads back how this side stands. An older copy of the directory moves nobody. */
async function runVerb(instance: TargetDeps, verb: Verb, call: MoveCall): Promise<SideState | Refusal> {
  if (instance.homes.regressed) return refuse('directory-regressed', { retryAfter: 60 })
  const done = await believed(instance, call, await verb(instance, call).catch(ofSibling))
  if (isRefusal(done)) return done
  const row = await instance.db
    .selectFrom('moves')
    .select(['state', 'attempt'])
    .where('id', '=', call.move)
    .executeTakeFirst()
  if (!row) return refuse('move-unknown')
  return { ...done, state: row.state, schema: await schemaOf(instance.db) }
}
