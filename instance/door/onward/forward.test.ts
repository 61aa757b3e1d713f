// What the door does with each kind of answer of a sibling. The siblings here are scripted; the real ones are in
// door.pg.test.ts.
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Home } from '../../directory/homes.ts'
import { type RawAnswer, type Siblings, SiblingUnreachable } from '../../siblings/client.ts'
import { makeMetrics } from '../../siblings/port/metrics.ts'
import { makeForward } from './forward.ts'

type Said = 'answers' | 'moved' | 'refuses' | 'breaks' | 'is-home'

const HERE = 1

/** A door at instance 1; `said` is what siblings do at each attempt, `directory` where the member is at each reading. */
function scene(said: readonly Said[], directory: readonly (number | 'down')[], hint?: number) {
  const sent: { ordinal: number; body: string }[] = []
  let reading = 0
  let home = 2
  const read = async () => {
    const now = directory[Math.min(reading++, directory.length - 1)]
    if (now === 'down' || now === undefined) throw new Error('no directory')
    home = now
  }
  const known = (): Home => ({ id: '7', handle: 'mo', home, epoch: 1, state: 'active', role: 'member' })
  const siblings: Siblings = {
    accepts: () => false,
    load: () => ({ connected: 0, running: 0, queued: 0 }),
    close: async () => undefined,
    call: async () => ({ status: 500, body: undefined }),
    send: async (ordinal, call) => {
      const what = said[sent.length]
      sent.push({ ordinal, body: String(call.body ?? '') })
      if (what === 'refuses') throw new SiblingUnreachable(ordinal, true, undefined)
      if (what === 'breaks' || what === undefined) throw new SiblingUnreachable(ordinal, false, undefined)
      return answer(what === 'moved' ? 421 : what === 'is-home' ? 204 : 200, hint)
    },
  }
  const forward = makeForward({
    config: { ordinal: HERE, domain: 'garden.example' },
    homes: {
      byHandle: known,
      byId: known,
      instances: () => [],
      refresh: read,
      freshByHandle: async () => read().then(known),
      freshById: async () => read().then(known),
    },
    siblings,
    log: pino({ level: 'silent' }),
    metrics: makeMetrics(),
  })
  const run = (raw = message()) =>
    forward({
      raw,
      subject: { handle: 'mo' },
      ordinal: 2,
      client: '192.0.2.1',
      body: undefined,
      signal: new AbortController().signal,
    })
  return { run, sent, readings: () => reading, siblings }
}

function message(type?: string, body = 'post=hi'): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  message.method = 'POST'
  message.url = '/users/mo/x'
  message.headers['content-length'] = String(body.length)
  if (type) message.headers['content-type'] = type
  for (let at = 0; at < body.length; at += 1000) message.push(body.slice(at, at + 1000))
  message.push(null)
  return message
}

function answer(statusCode: number, hint: number | undefined): RawAnswer {
  const reader = {
    dump: async () => undefined,
    text: async () => '',
    arrayBuffer: async () => new ArrayBuffer(0),
  }
  const headers = hint === undefined ? {} : { 'x-hamlet-home': String(hint) }
  return { statusCode, headers, body: Object.assign(Readable.from([]), reader) }
}

test('an answer is passed on after one attempt, without asking the directory', async () => {
  const { run, sent, readings } = scene(['answers'], [2])
  expect((await run()).kind).toBe('answered')
  expect([sent.length, readings()]).toEqual([1, 0])
})

test.each([['moved'], ['refuses']] as const)(
  '%s: read again, then the new home gets the same body',
  async (first) => {
    const { run, sent } = scene([first, 'answers'], [3])
    expect((await run()).kind).toBe('answered')
    expect(sent).toEqual([
      { ordinal: 2, body: 'post=hi' },
      { ordinal: 3, body: 'post=hi' },
    ])
  },
)

test('moved to us: served here with the body that was read', async () => {
  const { run, sent } = scene(['moved'], [HERE])
  expect(await run()).toEqual({ kind: 'here', body: Buffer.from('post=hi') })
  expect(sent).toHaveLength(1)
})

test('moved, and no directory: the old home knows where to', async () => {
  const { run, sent } = scene(['moved', 'answers'], ['down'], 4)
  expect((await run()).kind).toBe('answered')
  expect(sent[1]?.ordinal).toBe(4)
})

test('what flows to a home that dies is read to its end all the same, and the client can be told', async () => {
  const { run, siblings } = scene([], [2])
  const upload = message('multipart/form-data; boundary=x', 'x'.repeat(1_000_000))
  siblings.send = async (ordinal, { body }) => {
    if (!(body instanceof Readable)) return answer(204, undefined)
    body.once('data', () => body.destroy())
    await once(body, 'close')
    throw new SiblingUnreachable(ordinal, false, undefined)
  }
  const read = once(upload, 'end')
  expect(await run(upload)).toEqual({ kind: 'refused', refusal: { code: 'home-down' } })
  await read
})

test('moved twice: the directory is read once more, then 503 or here', async () => {
  const still = scene(['moved', 'moved'], [3, 4])
  expect(await still.run()).toEqual({ kind: 'refused', refusal: { code: 'home-down' } })
  expect([still.sent.length, still.readings()]).toEqual([2, 2])
  expect((await scene(['moved', 'moved'], [3, HERE]).run()).kind).toBe('here')
})

test('broken in the middle: never sent again, for it may have been done', async () => {
  const { run, sent } = scene(['breaks', 'answers'], [2])
  expect(await run()).toEqual({ kind: 'refused', refusal: { code: 'home-down' } })
  expect(sent).toHaveLength(1)
})

test.each([['moved'], ['refuses']] as const)(
  'an upload is not sent on without what has flowed of it: its home said yes, and then %s',
  async (then) => {
    const upload = message()
    upload.headers['content-type'] = 'multipart/form-data; boundary=x'
    const { run, sent } = scene(['is-home', then, 'is-home', 'answers'], [3])
    expect(await run(upload)).toEqual({ kind: 'refused', refusal: { code: 'home-down' } })
    expect(sent).toHaveLength(2)
  },
)

test('whatever siblings and directory do: at most two attempts, never one after it may have been read', async () => {
  const said = fc.array(fc.constantFrom<Said>('answers', 'moved', 'refuses', 'breaks'), {
    minLength: 4,
    maxLength: 4,
  })
  const read = fc.array(fc.constantFrom(1, 2, 3, 'down' as const), { minLength: 4, maxLength: 4 })
  const hint = fc.option(fc.constantFrom(1, 2, 3), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(said, read, hint, async (script, directory, told) => {
      const { run, sent } = scene(script, directory, told)
      const done = await run()
      expect(sent.length).toBeLessThanOrEqual(2)
      if (sent.length === 2) expect(['moved', 'refuses']).toContain(script[0])
      expect(sent.every(({ ordinal, body }) => ordinal !== HERE && body === 'post=hi')).toBe(true)
      const last = script[sent.length - 1]
      if (done.kind === 'answered') expect(last).toBe('answers')
      if (last === 'answers') expect(done.kind).toBe('answered')
      if (last === 'breaks') expect(done.kind).toBe('refused')
    }),
  )
})
