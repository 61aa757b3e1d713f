import { expect, test } from 'vitest'
import { KubeError } from './error.ts'
import { createEvents, type News } from './events.ts'
import { testDeps } from './testing/deps.ts'
import type { KubeObject } from './types.ts'

const news: News = {
  regarding: {
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { name: 'garden', namespace: 'default', uid: 'u1', resourceVersion: '5' },
  },
  type: 'Warning',
  reason: 'DomainTaken',
  note: 'spec.domain: garden.example belongs to default/other: choose another domain',
}

function make(fail?: Error) {
  const deps = testDeps(() => 0.3)
  const created: KubeObject[] = []
  const patched: object[] = []
  const kube = {
    async create(object: KubeObject) {
      if (fail) throw fail
      created.push(object)
      return object
    },
    async patch(_: object, name: object, patch: object) {
      patched.push({ name, patch })
      return news.regarding as KubeObject
    },
  }
  return {
    ...deps,
    created,
    patched,
    events: createEvents({ controller: 'hamlet.coop/operator', instance: 'x' }, { ...deps, kube }),
  }
}

test('an Event names its object, and the same news is only counted', async () => {
  const { events, created, patched, clock } = make()
  for (let i = 0; i < 100; i++) events.emit(news)
  await events.flush()
  expect(created).toHaveLength(1)
  expect(created[0]).toMatchObject({
    metadata: { namespace: 'default' },
    eventTime: '2030-01-01T00:00:00.000000Z',
    reason: 'DomainTaken',
    regarding: { kind: 'Community', name: 'garden', uid: 'u1' },
  })
  await clock.pass(600_000)
  events.emit(news)
  await events.flush()
  expect(created).toHaveLength(1)
  expect(patched).toMatchObject([{ patch: { series: { count: 101 } } }])
})

test('one object in trouble cannot flood the API server', async () => {
  const { events, created, clock } = make()
  for (let i = 0; i < 100; i++) events.emit({ ...news, note: `try ${i}` })
  await events.flush()
  expect(created).toHaveLength(25)
  await clock.pass(60_000)
  events.emit({ ...news, note: 'a minute later' })
  await events.flush()
  expect(created).toHaveLength(26)
})

test('a failure is not passed on, and long notes are cut to what is allowed', async () => {
  const { events } = make(new KubeError({ code: 403, reason: 'Forbidden', message: 'no' }))
  events.emit(news)
  await events.flush()
  const long = make()
  long.events.emit({ ...news, note: 'x'.repeat(5000) })
  await long.events.flush()
  expect(String(long.created[0]?.note)).toHaveLength(1024)
})
