import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { createKube } from '../client/rest.ts'
import { createTransport } from '../client/transport.ts'
import { lines } from '../client/watch.ts'
import { systemClock } from '../clock.ts'
import { KubeError } from '../error.ts'
import { resources } from '../resources.ts'
import {
  type Answerer,
  bookmark,
  configMap,
  event,
  fakeApiServer,
  json,
  listOf,
  status,
} from '../testing/api-server.ts'
import { testDeps } from '../testing/deps.ts'
import type { WatchEvent } from '../types.ts'
import { createReflector } from './reflector.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(answer: Answerer, silenceMs = 10_000) {
  const server = await fakeApiServer(answer)
  const deps = { ...testDeps(() => 1), clock: systemClock }
  const kube = createKube(createTransport(server.connection, deps))
  const reflector = createReflector({ resource: resources.configMap, silenceMs }, { ...deps, kube })
  const told: string[] = []
  reflector.onChange(({ key, before, after }) => {
    told.push(
      `${before ? (after ? '~' : '-') : '+'}${key.split('/')[1]}@${after?.metadata.resourceVersion ?? ''}`,
    )
  })
  closing.push(server.close, kube.close, reflector.stop)
  reflector.start()
  const watches = () =>
    server.requests
      .filter(({ url }) => url.searchParams.has('watch'))
      .map(({ url }) => url.searchParams.get('resourceVersion'))
  const lists = () => server.requests.filter(({ url }) => !url.searchParams.has('watch')).length
  return { server, reflector, told, watches, lists }
}

const isWatch = (url: URL) => url.searchParams.has('watch')

test('what is there is listed, and what changes is told', async () => {
  const { reflector, told, server } = await start((_, response, url) => {
    if (!isWatch(url)) return json(response, 200, listOf('5', [configMap('a', '3'), configMap('b', '4')]))
    response.write(event('MODIFIED', configMap('a', '6')))
    response.write(event('DELETED', configMap('b', '7')))
    response.write(event('ADDED', configMap('c', '8')))
  })
  await reflector.synced
  await vi.waitFor(() => expect(told).toEqual(['+a@3', '+b@4', '~a@6', '-b@', '+c@8']))
  expect(reflector.store.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'c'])
  const asked = server.requests.find(({ url }) => isWatch(url))?.url.searchParams
  expect(asked?.get('allowWatchBookmarks')).toBe('true')
  expect(Number(asked?.get('timeoutSeconds'))).toBe(600)
  expect(Object.isFrozen(reflector.store.get('default/a')?.metadata)).toBe(true)
})

test('a watch that ends goes on from the last bookmark without a list', async () => {
  const { told, watches, lists } = await start((_, response, url) => {
    if (!isWatch(url)) return json(response, 200, listOf('5', [configMap('a', '3')]))
    if (url.searchParams.get('resourceVersion') === '5') return void response.end(bookmark('90'))
    response.write(event('MODIFIED', configMap('a', '91')))
  })
  await vi.waitFor(() => expect(told).toContain('~a@91'))
  expect(watches()).toEqual(['5', '90'])
  expect(lists()).toBe(1)
})

test('a version that is gone means a new list, which finds what was missed', async () => {
  let listed = 0
  const { told, watches } = await start((_, response, url) => {
    if (!isWatch(url)) {
      return ++listed === 1
        ? json(response, 200, listOf('5', [configMap('a', '3'), configMap('b', '4')]))
        : json(response, 200, listOf('50', [configMap('a', '3'), configMap('c', '40')]))
    }
    if (url.searchParams.get('resourceVersion') === '5')
      return void response.end(event('ERROR', status(410, 'Expired')))
    response.flushHeaders()
  })
  await vi.waitFor(() => expect(watches()).toEqual(['5', '50']))
  expect(told).toEqual(['+a@3', '+b@4', '+c@40', '-b@'])
})

test('a watch on which nothing comes any more is given up and begun again', async () => {
  const { told, watches, reflector } = await start((_, response, url) => {
    if (!isWatch(url)) return json(response, 200, listOf('5', []))
    // Headers, and then silence: what a connection looks like whose other end is gone.
    response.flushHeaders()
    if (watches().length > 1) response.write(event('ADDED', configMap('a', '6')))
  }, 200)
  await reflector.synced
  await vi.waitFor(() => expect(told).toEqual(['+a@6']), 5000)
  expect(watches().length).toBeGreaterThanOrEqual(2)
})

test('it is not synced before a list succeeded, and errors end nothing', async () => {
  let asked = 0
  const { reflector, told } = await start((request, response, url) => {
    if (isWatch(url)) return response.flushHeaders()
    asked++
    if (asked === 1) json(response, 500, status(500, 'InternalError'))
    else if (asked === 2) json(response, 403, status(403, 'Forbidden'))
    else if (asked === 3) request.socket.destroy()
    else json(response, 200, listOf('5', [configMap('a', '3')]))
  })
  let synced = false
  void reflector.synced.then(() => {
    synced = true
  })
  await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(2), 5000)
  expect(synced).toBe(false)
  await vi.waitFor(() => expect(told).toEqual(['+a@3']), 5000)
  expect(synced).toBe(true)
})

/** On a clock of its own, with a server that gives these answers in turn, the last one for ever. */
function without(...answers: (number | 'list')[]) {
  const deps = testDeps()
  const asked: number[] = []
  const kube = {
    snapshot: async () => {
      asked.push(deps.clock.now())
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer === 'list') return { items: [configMap('a', '1')], resourceVersion: '1' }
      throw new KubeError({ code: Number(answer), reason: '', message: 'no' })
    },
    async *watch(_r: object, _s: object, { signal }: { signal: AbortSignal }): AsyncGenerator<WatchEvent> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  }
  const selection = { namespace: 'gone' }
  const reflector = createReflector(
    { resource: resources.configMap, selection, silenceMs: 1e9 },
    { ...deps, kube },
  )
  reflector.start()
  const refused = async () => (await deps.metrics.refused.get()).values.map(({ value }) => value)
  return { ...deps, reflector, asked, refused }
}

test('"not allowed" and "no such kind" are answers: a restart cures neither, so they are no silence', async () => {
  for (const code of [403, 404]) {
    const { reflector, clock, asked, refused } = without(code)
    await clock.pass(3_600_000)
    expect(reflector.age()).toBeLessThanOrEqual(30_000)
    expect(await refused()).toEqual([1])
    // Asked again for ever, but seldom.
    expect(asked.length).toBeGreaterThan(100)
    expect(asked.length).toBeLessThan(300)
  }
  // No answer at all is silence, and so is an API server that is broken.
  for (const code of [0, 500]) {
    const { reflector, clock, refused } = without(code)
    await clock.pass(3_600_000)
    expect(reflector.age()).toBe(3_600_000)
    expect(await refused()).toEqual([])
  }
})

test('a namespace that may not be looked into is an answer, but not an empty list; it is found when it may be', async () => {
  const { reflector, clock, refused } = without(403, 403, 'list')
  let [answered, synced] = [false, false]
  void reflector.answered.then(() => {
    answered = true
  })
  void reflector.synced.then(() => {
    synced = true
  })
  await clock.pass(0)
  expect([answered, synced]).toEqual([true, false])
  await clock.pass(60_000)
  expect([answered, synced]).toEqual([true, true])
  expect(reflector.store.list()).toHaveLength(1)
  expect(await refused()).toEqual([0])
})

test('watches that end at once are not begun in a tight loop', async () => {
  const { watches, reflector } = await start((_, response, url) =>
    isWatch(url) ? void response.end() : json(response, 200, listOf('5', [])),
  )
  await reflector.synced
  await vi.waitFor(() => expect(watches()).toHaveLength(3), 5000)
  // With the shortest jitter: 250 ms, then 500 ms.
  await reflector.stop()
  expect(watches().length).toBeLessThanOrEqual(4)
})

test('lines come out as they went in, wherever the chunks were cut', async () => {
  const chunked = fc.tuple(
    fc.array(fc.string({ unit: 'grapheme' }).filter((s) => s !== '' && !s.includes('\n'))),
    fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
  )
  await fc.assert(
    fc.asyncProperty(chunked, async ([texts, sizes]) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      async function* chunks() {
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1
          yield bytes.subarray(at, at + size)
          at += size
        }
      }
      const got: string[] = []
      for await (const line of lines(chunks())) got.push(line)
      expect(got).toEqual(texts)
    }),
  )
})
