import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KubeError } from './error.ts'
import { createLeader, identityOf, urlOf } from './lease.ts'
import { testDeps } from './testing/deps.ts'
import { fakeClock } from './testing/fake-clock.ts'
import type { KubeObject } from './types.ts'

/** The API server as far as one Lease is concerned: versions, conflicts, and calls that fail or hang. */
function leaseServer() {
  let stored: KubeObject | undefined
  let version = 0
  const faults = new Map<string, 'fail' | 'hang' | 'lose'>()
  const conflict = (reason: string) => new KubeError({ code: 409, reason, message: reason })
  const lost = () => new KubeError({ code: 0, reason: 'ECONNRESET', message: 'no answer' })
  const meet = async (who: string) => {
    const fault = faults.get(who)
    if (fault === 'hang') await new Promise(() => {})
    if (fault === 'fail') throw lost()
  }
  /** The write happens, and its acknowledgement is lost. */
  const answer = (who: string, object: KubeObject) => {
    if (faults.get(who) === 'lose') throw lost()
    return object
  }
  const store = (object: KubeObject) => {
    version++
    stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    return stored
  }
  return {
    faults,
    spec: () => Object(stored?.spec),
    as: (who: string) => ({
      async get() {
        await meet(who)
        return stored
      },
      async create(object: KubeObject) {
        await meet(who)
        if (stored) throw conflict('AlreadyExists')
        return answer(who, store(object))
      },
      async replace(object: KubeObject) {
        await meet(who)
        if (object.metadata.resourceVersion !== stored?.metadata.resourceVersion) throw conflict('Conflict')
        return answer(who, store(object))
      },
    }),
  }
}

function candidate(identity: string, server: ReturnType<typeof leaseServer>, clock = fakeClock()) {
  const log: string[] = []
  const leader = createLeader(
    {
      namespace: 'hamlet',
      name: 'operator',
      identity,
      onLead: () => void log.push('lead'),
      onLost: () => void log.push('lost'),
    },
    { ...testDeps(), clock, kube: server.as(identity) },
  )
  return { leader, clock, log }
}

test('the first one leads and renews; the second one waits', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const a = candidate('a', server, clock)
  const b = candidate('b', server, clock)
  a.leader.start()
  await clock.pass(1)
  b.leader.start()
  await clock.pass(60_000)
  expect(a.log).toEqual(['lead'])
  expect(b.log).toEqual([])
  expect(b.leader.holder()).toBe('a')
  expect(server.spec()).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  expect(server.spec().renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{6}Z$/)
})

test('a leader that stops gives the Lease back: the next one takes it at its next try', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const a = candidate('a', server, clock)
  const b = candidate('b', server, clock)
  a.leader.start()
  await clock.pass(1)
  b.leader.start()
  await clock.pass(5000)
  await a.leader.stop()
  await clock.pass(2500)
  expect(b.log).toEqual(['lead'])
  expect(a.log).toEqual(['lead'])
  expect(server.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
})

test.each(['fail', 'hang'] as const)(
  'a leader whose requests %s is told after 10 s, before anyone else may lead',
  async (fault) => {
    const server = leaseServer()
    const clock = fakeClock()
    const a = candidate('a', server, clock)
    const b = candidate('b', server, clock)
    a.leader.start()
    await clock.pass(1)
    b.leader.start()
    await clock.pass(20_000)
    server.faults.set('a', fault)
    await clock.pass(10_100)
    expect(a.log).toEqual(['lead', 'lost'])
    expect(a.leader.leads()).toBe(false)
    expect(b.log).toEqual([])
    await clock.pass(10_000)
    expect(b.log).toEqual(['lead'])
  },
)

test('somebody who takes the Lease away ends the leadership', async () => {
  const server = leaseServer()
  const a = candidate('a', server)
  a.leader.start()
  await a.clock.pass(1000)
  const thief = server.as('thief')
  const lease = await thief.get()
  if (!lease) throw new Error('no Lease')
  await thief.replace({ ...lease, spec: { ...Object(lease.spec), holderIdentity: 'thief' } })
  await a.clock.pass(5000)
  expect(a.log).toEqual(['lead', 'lost'])
})

test('two never lead at once, whatever their clocks say and whichever calls fail', async () => {
  const faults = fc.array(
    fc.record({
      who: fc.constantFrom('a', 'b', 'c'),
      fault: fc.constantFrom('fail' as const, 'hang' as const, 'lose' as const, undefined),
      ms: fc.integer({ min: 0, max: 12_000 }),
    }),
    { maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(faults, async (steps) => {
      const server = leaseServer()
      const clock = fakeClock()
      const all = ['a', 'b', 'c'].map((name, hours) =>
        candidate(name, server, {
          ...clock,
          date: () => new Date(clock.date().getTime() + hours * 3_600_000),
        }),
      )
      for (const { leader } of all) leader.start()
      const check = () => expect(all.filter(({ leader }) => leader.leads()).length).toBeLessThanOrEqual(1)
      for (const { who, fault, ms } of steps) {
        if (fault) server.faults.set(who, fault)
        else server.faults.delete(who)
        for (let passed = 0; passed < ms; passed += 500) {
          await clock.pass(Math.min(500, ms - passed))
          check()
        }
      }
      check()
    }),
    { numRuns: 60 },
  )
})

test('an identity says where its process serves', () => {
  expect(urlOf(identityOf('hamlet-7f-x', '10.1.2.3', 8080))).toBe('http://10.1.2.3:8080')
  expect(urlOf(identityOf('hamlet', 'fd00::1', 8080))).toBe('http://[fd00::1]:8080')
  expect(urlOf('evil_example.org:80/x')).toBeUndefined()
  expect(urlOf(undefined)).toBeUndefined()
})
