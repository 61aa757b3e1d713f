import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildInstanceSecret } from '../../build/data/secrets.ts'
import type { KubeObject } from '../../kube/types.ts'
import { makeCommunity, makeInstance } from '../../testing/snapshots/community.ts'
import { communitySecret, makeSnapshot, owner } from '../../testing/snapshots/instance.ts'
import { decideInstance } from './decide.ts'
import { mayRoll, secretsHash, workload } from './rollout.ts'

test('a pod that is well waits for other communities and for moves; one that is not, or has an old password, does not', () => {
  const instance = { ...makeInstance(1), spec: { ...makeInstance(1).spec, image: 'hamlet:2' } }
  const secret = buildInstanceSecret(owner, {
    endpoint: { host: 'db', port: 5432 },
    prefix: 'garden_x',
    ordinal: 1,
    password: 'p',
  })
  const text = (object: KubeObject, key: string) => Buffer.from(Object(object.data)[key], 'base64').toString()
  const now = secretsHash(text(secret, 'database-url'), text(communitySecret, 'directory-url'))
  fc.assert(
    fc.property(
      fc.record({
        limit: fc.integer({ min: 1, max: 3 }),
        elsewhere: fc.integer({ min: 0, max: 4 }),
        serving: fc.boolean(),
        sameSecrets: fc.boolean(),
        there: fc.boolean(),
        paused: fc.boolean(),
        moving: fc.boolean(),
      }),
      ({ limit, elsewhere, serving, sameSecrets, there, paused, moving }) => {
        const base = makeSnapshot({
          community: makeCommunity({ paused }),
          budget: { limit, elsewhere },
          moving,
        })
        const old = workload(base, owner, makeInstance(1), sameSecrets ? now : 'old')
        const deployment = {
          ...old,
          metadata: {
            ...old.metadata,
            managedFields: [
              {
                manager: 'hamlet-instance',
                operation: 'Apply',
                fieldsV1: { 'f:spec': {}, 'f:metadata': {} },
              },
            ],
          },
          status: { replicas: 1, updatedReplicas: 1, readyReplicas: serving ? 1 : 0 },
        }
        const snapshot = {
          ...base,
          instance,
          live: { ...base.live, secret, deployment: there ? deployment : undefined },
        }
        const decision = decideInstance(snapshot)
        const replaced = decision?.groups
          .flat()
          .some((step) => step.do === 'apply' && step.object.kind === 'Deployment')
        const waits = there && serving && sameSecrets && (moving || elsewhere >= limit)
        expect(replaced).toBe(!paused && !waits)
        expect(decision?.rollout).toBe(paused || !there ? undefined : waits ? 'waits' : 'begins')
        if (waits)
          expect(decision?.findings[0]).toMatchObject({
            reason: 'RolloutWaiting',
            message: expect.stringContaining(moving ? 'is being moved' : 'rollouts.communities'),
          })
      },
    ),
  )
})

test('when all images change, one instance at a time is replaced, the lowest first, and a stuck one holds up nobody', () => {
  const state = fc.constantFrom('old', 'rolling', 'new', 'stuck')
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
      const base = makeSnapshot()
      const images = states.map((_, index) => ({
        ...makeInstance(index + 1),
        spec: { ...makeInstance(index + 1).spec, image: 'hamlet:2' },
      }))
      const deployments = images.map((instance, index): KubeObject => {
        const wanted = workload(base, owner, instance, 'hash')
        const old = workload(
          base,
          owner,
          { ...instance, spec: { ...instance.spec, image: 'hamlet:1' } },
          'hash',
        )
        const now = states[index] ?? 'old'
        return {
          ...(now === 'old' ? old : wanted),
          metadata: {
            ...wanted.metadata,
            generation: 2,
            managedFields: [
              {
                manager: 'hamlet-instance',
                operation: 'Apply',
                // Owned as a whole is enough for telling that a value differs.
                fieldsV1: { 'f:spec': {}, 'f:metadata': {} },
              },
            ],
          },
          status: {
            observedGeneration: now === 'rolling' ? 1 : 2,
            replicas: 1,
            updatedReplicas: 1,
            readyReplicas: 1,
            conditions: now === 'stuck' ? [{ type: 'Progressing', status: 'False' }] : [],
          },
        }
      })
      const all = images.map((instance, index) => ({ instance, deployment: deployments[index] }))
      const starters = all.filter(({ instance, deployment }, index) => {
        const snapshot = makeSnapshot({
          instance,
          live: { ...base.live, deployment },
          siblings: all.filter((_, other) => other !== index),
        })
        return (
          states[index] === 'old' && mayRoll(snapshot, owner, workload(base, owner, instance, 'hash')).may
        )
      })
      if (states.includes('rolling')) expect(starters).toEqual([])
      else {
        const [first] = all.filter((_, index) => states[index] === 'old')
        expect(starters).toEqual(first ? [first] : [])
      }
    }),
  )
})
