import { expect, test } from 'vitest'
import { KubeError } from '../kube/error.ts'
import type { KubeObject } from '../kube/types.ts'
import { Refused } from '../postgres/server/errors.ts'
import { withFailure } from './failure.ts'
import { type Look, reconcile } from './reconcile.ts'

const unused = (): never => {
  throw new Error('not for this test')
}

const object = (kind = 'Community'): KubeObject => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  kind,
  metadata: { name: 'garden', namespace: 'town', uid: 'u', generation: 3 },
  status: {
    observedGeneration: 2,
    members: 7,
    conditions: ['Ready', 'Available'].map((type) => ({
      type,
      status: 'True',
      reason: 'Serving',
      message: 'fine',
      lastTransitionTime: '2030-01-01T00:00:00Z',
      observedGeneration: 2,
    })),
  },
})

/** Looks once; what was thrown, written and told. */
async function run(
  look: () => Promise<Look | undefined>,
  applyStatus = async (status: KubeObject) => status,
) {
  const statuses: KubeObject[] = []
  const events: { type: string; reason: string; note: string }[] = []
  const kube = {
    ...{
      get: unused,
      list: unused,
      create: unused,
      apply: unused,
      replace: unused,
      patch: unused,
      delete: unused,
    },
    applyStatus: async (status: KubeObject) => {
      const applied = await applyStatus(status)
      statuses.push(status)
      return applied
    },
  }
  const deps = {
    kube,
    events: { emit: (event: { type: string; reason: string; note: string }) => void events.push(event) },
    fieldManager: 'test',
    now: () => 0,
    written: new Map<string, number>(),
  }
  const thrown: unknown = await reconcile(look, deps, new AbortController().signal).catch(
    (error: unknown) => error,
  )
  const [status] = statuses
  const conditions = Object(status?.status).conditions ?? []
  return { thrown, status: Object(status?.status), conditions, events }
}

test('what cannot be looked at says so, with what was known kept as old, and is tried again', async () => {
  const failure = new Error('ConfigMap claim-x lacks prefix: put back what was there')
  const { thrown, status, conditions, events } = await run(async () => ({ object: object(), failure }))
  expect(thrown).toBe(failure)
  expect(status).toMatchObject({ observedGeneration: 3, members: 7 })
  const cause = { reason: 'Failed', message: expect.stringContaining('put back what was there') }
  expect(conditions).toMatchObject([
    { type: 'Ready', status: 'False', observedGeneration: 3, ...cause },
    { type: 'Available', status: 'True', observedGeneration: 2, reason: 'Serving' },
    { type: 'Degraded', status: 'True', ...cause },
  ])
  expect(events).toMatchObject([{ type: 'Warning', reason: 'Failed' }])
  const instance = await run(async () => ({ object: object('Instance'), failure }))
  expect(instance.conditions.map(({ type }: { type: string }) => type)).toEqual(['Ready', 'Available'])
})

test('what waits for approval is told by one Event, and not again when the plan is another one', async () => {
  const condition = (reason: string, message: string) =>
    ({ type: 'Balanced', status: 'False', reason, message }) as const
  const told = async (before: object, message: string) => {
    const seen = object()
    const live = {
      ...seen,
      status: { conditions: [{ ...before, lastTransitionTime: '2030-01-01T00:00:00Z' }] },
    }
    const decision = {
      groups: [],
      findings: [condition('ApprovalMissing', message)],
      counts: {},
      events: [],
      requeueAfterMs: 1,
    }
    // Nothing is to be done.
    const step = undefined as never
    return run(async () => ({ object: live, decision, step }))
  }
  const first = await told(condition('Moving', 'garden-r1: is being planned'), 'a plan of 3 moves')
  expect(first.events).toMatchObject([
    { type: 'Warning', reason: 'ApprovalMissing', note: 'a plan of 3 moves' },
  ])
  const again = await told(condition('ApprovalMissing', 'a plan of 3 moves'), 'a plan of 4 moves')
  expect(again.conditions).toMatchObject([{ message: 'a plan of 4 moves' }])
  expect(again.events).toEqual([])
})

test('the reason is the one that fits, and the remedy is beside it', async () => {
  const ready = async (failure: unknown) =>
    (await run(async () => ({ object: object(), failure }))).conditions[0]
  const forbidden = new KubeError({ code: 403, reason: 'Forbidden', message: 'get secrets "x" is forbidden' })
  expect(await ready(forbidden)).toMatchObject({
    reason: 'Refused',
    message: expect.stringContaining('Role'),
  })
  const refused = new Refused({ reason: 'PoolerFound', message: 'name PostgreSQL itself' })
  expect(await ready(refused)).toMatchObject({ reason: 'PoolerFound', message: 'name PostgreSQL itself' })
  expect(await ready(new TypeError('a bug'))).toMatchObject({
    reason: 'Failed',
    message: expect.stringContaining('log'),
  })
})

test('what did not hold for the same reason says what became of the attempt, and nothing else does', () => {
  const cause = { reason: 'DirectoryRegressed', message: 'it cannot be rebuilt' }
  const found = (type: string, status: 'True' | 'False', reason: string) => ({
    type,
    status,
    reason,
    message: 'm',
  })
  expect(
    withFailure(
      [
        found('Ready', 'False', 'DirectoryRegressed'),
        found('MembersKnown', 'False', 'DirectoryRegressed'),
        found('Available', 'True', 'Serving'),
        found('Balanced', 'False', 'Moving'),
      ],
      cause,
    ),
  ).toEqual([
    { type: 'Ready', status: 'False', ...cause },
    { type: 'MembersKnown', status: 'False', ...cause },
    found('Available', 'True', 'Serving'),
    found('Balanced', 'False', 'Moving'),
  ])
})

test('an API server that is away is nobody’s fault; a status that cannot be written hides no failure', async () => {
  for (const code of [0, 429, 503]) {
    const failure = new KubeError({ code, reason: '', message: 'no' })
    const { thrown, events, conditions } = await run(async () => ({ object: object(), failure }))
    expect({ thrown, events, conditions }).toEqual({ thrown: failure, events: [], conditions: [] })
  }
  const failure = new Error('first')
  const { thrown, events } = await run(
    async () => ({ object: object(), failure }),
    async () => {
      throw new Error('second')
    },
  )
  expect(thrown).toBe(failure)
  expect(events).toEqual([])
})

test('an object that vanishes under our hands is no failure', async () => {
  const looks: (Look | undefined)[] = [
    {
      object: object(),
      decision: {
        groups: [[{ do: 'patch', kind: 'community', name: { name: 'garden' }, patch: {} }]],
        findings: [],
        counts: {},
        events: [],
        requeueAfterMs: 1,
      },
      step: {
        kube: {
          ...{
            get: unused,
            list: unused,
            create: unused,
            apply: unused,
            applyStatus: unused,
            replace: unused,
            delete: unused,
          },
          patch: () => Promise.reject(new KubeError({ code: 404, reason: 'NotFound', message: 'gone' })),
        },
        server: undefined,
        ca: undefined,
        fieldManager: 'test',
        now: () => 0,
        prepared: { server: unused, template: unused, migrations: { instance: [], directory: [] } },
        keys: { take: unused },
      },
    },
    undefined,
  ]
  expect((await run(async () => looks.shift())).thrown).toEqual({})
})
