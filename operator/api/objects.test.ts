import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../kube/types.ts'
import { isTrue, mergeConditions } from './conditions.ts'
import { describeProblems, parseCommunity, parseInstance } from './objects.ts'

const community = (spec: object, name = 'garden'): KubeObject => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  kind: 'Community',
  metadata: { name, namespace: 'default', uid: 'u', generation: 1 },
  spec,
})

const problemsOf = (object: KubeObject): string => {
  const parsed = parseCommunity(object)
  return parsed.ok ? '' : describeProblems(parsed.problems)
}

test('a domain is enough: everything else has a default', () => {
  const parsed = parseCommunity(community({ domain: 'garden.example' }))
  expect(parsed.ok && parsed.value.spec).toEqual({
    domain: 'garden.example',
    title: 'garden.example',
    description: '',
    seats: { perInstance: 300, minFree: 30, maxInstances: 3, minutesBetweenInstances: 10 },
    rebalance: {
      mode: 'Auto',
      headroomPercent: 0,
      maxMovesPerHour: 60,
      shrinkAfterDays: 30,
      retireAfterDays: 30,
    },
    drain: [],
    registration: 'Open',
    limits: { signUpsPerHour: 30, logInsPerHour: 60, postsPerHour: 300 },
    database: { mode: 'Shared' },
    ingress: { annotations: {}, tls: { mode: 'CA' } },
    resources: { requests: { cpu: '25m', memory: '192Mi' }, limits: { memory: '512Mi' } },
    deletionPolicy: 'Retain',
    paused: false,
  })
})

test('minFree is a tenth of the seats and at least 1, or what was asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (perInstance) => {
      const parsed = parseCommunity(community({ domain: 'a.b', seats: { perInstance } }))
      if (!parsed.ok) throw new Error(describeProblems(parsed.problems))
      const { minFree } = parsed.value.spec.seats
      expect(minFree).toBeGreaterThanOrEqual(1)
      expect(minFree).toBeLessThanOrEqual(perInstance)
      expect(Math.abs(minFree - perInstance / 10)).toBeLessThan(1)
    }),
  )
  const asked = parseCommunity(community({ domain: 'a.b', seats: { perInstance: 3, minFree: 2 } }))
  expect(asked.ok && asked.value.spec.seats.minFree).toBe(2)
})

test.each([
  [{ seats: { perInstance: 301 } }, 'spec.seats.perInstance must be a whole number from 1 to 300'],
  [{ seats: { perInstance: 0 } }, 'spec.seats.perInstance must be'],
  [{ seats: { perInstance: 3, minFree: 4 } }, 'spec.seats.minFree must not be more than'],
  [{ drain: [0] }, 'spec.drain[] must be a whole number from 1 to 1023'],
  [{ rebalance: { retireAfterDays: 31 } }, 'spec.rebalance.retireAfterDays must be'],
  [{ domain: 'Garden.example' }, 'spec.domain must be a lower-case DNS name'],
  [{ domain: 'garden' }, 'spec.domain must be'],
  [{ domain: 'garden.example:8443' }, 'spec.domain must be'],
  [{ domain: 'https://garden.example' }, 'spec.domain must be'],
  [{ domain: '10.0.0.1' }, 'spec.domain must be'],
  [{ domain: undefined }, 'spec.domain: '],
  [{ registration: 'Maybe' }, 'spec.registration: '],
  [{ database: { mode: 'External' } }, 'spec.database.secretName is needed'],
  [{ database: { secretName: 'x' } }, 'spec.database.secretName is only for mode External'],
  [{ ingress: { tls: { mode: 'Secret' } } }, 'spec.ingress.tls.secretName goes with mode Secret'],
  [{ ingress: { tls: { mode: 'CertManager' } } }, 'spec.ingress.tls.issuer goes with mode CertManager'],
])('%j is refused with the field and the remedy', (spec, message) => {
  expect(problemsOf(community({ domain: 'garden.example', ...spec }))).toContain(message)
})

test.each(['Garden', '1garden', 'garden-', 'garden-12', 'a'.repeat(41), 'a.b'])(
  'the name %s is refused',
  (name) => {
    expect(problemsOf(community({ domain: 'a.b' }, name))).toContain('metadata.name must')
  },
)

test.each(['garden', 'g', 'garden-2b', 'a'.repeat(40)])('the name %s is taken', (name) => {
  expect(problemsOf(community({ domain: 'a.b' }, name))).toBe('')
})

test('an Instance without a status has an empty one', () => {
  const parsed = parseInstance({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Instance',
    metadata: { name: 'garden-1', namespace: 'default', uid: 'u', generation: 2 },
    spec: { community: 'garden', ordinal: 1, cap: 300, image: 'hamlet:1' },
  })
  expect(parsed.ok && parsed.value.spec.state).toBe('Active')
  expect(parsed.ok && parsed.value.status).toEqual({})
})

test('the time of a condition moves only with its status', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Serving', message: '' } as const
  const first = mergeConditions([], [ready], 1, new Date('2030-01-01T00:00:00.500Z'))
  expect(first[0]?.lastTransitionTime).toBe('2030-01-01T00:00:00Z')
  const later = new Date('2030-01-02T00:00:00Z')
  expect(mergeConditions(first, [ready], 1, later)).toEqual(first)
  expect(mergeConditions(first, [{ ...ready, status: 'False' }], 2, later)[0]).toMatchObject({
    lastTransitionTime: '2030-01-02T00:00:00Z',
    observedGeneration: 2,
  })
  expect(isTrue(first, 'Ready', 1)).toBe(true)
  expect(isTrue(first, 'Ready', 2)).toBe(false)
})
