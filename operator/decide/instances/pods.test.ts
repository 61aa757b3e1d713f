import { expect, test } from 'vitest'
import type { KubeObject } from '../../kube/types.ts'
import { rolledOut, serves, stuck, whyNotServing } from './pods.ts'

const pod = (status: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'garden-1-abc', namespace: 'town' },
  status,
})
const deployment = (status: object, generation = 1): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'garden-1', generation },
  status,
})
const waiting = (reason: string, message = '') =>
  pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason, message } } }] })
const why = (
  one: KubeObject,
  warnings: { reason: string; message: string }[] = [],
  owner: KubeObject = deployment({}),
) => whyNotServing(owner, [one], warnings)

test('the image', () => {
  for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'])
    expect(why(waiting(reason, 'not found'))).toMatchObject({
      reason: 'ImageUnavailable',
      message: expect.stringContaining('not found'),
    })
})

test('a quota, which only the Deployment tells', () => {
  const quota = deployment({
    conditions: [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "garden-1-" is forbidden: exceeded quota: small, requested: memory=192Mi',
      },
    ],
  })
  expect(whyNotServing(quota, [], [])).toMatchObject({ reason: 'QuotaExceeded' })
  expect(whyNotServing(quota, [], [])?.message).toContain('ResourceQuota')
})

test('a refusal that is not a quota', () => {
  const refused = deployment({
    conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'violates PodSecurity' }],
  })
  expect(whyNotServing(refused, [], [])).toEqual({
    reason: 'Refused',
    message: 'no pod may be made: violates PodSecurity',
  })
})

test('no node', () => {
  const unscheduled = pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
  })
  expect(why(unscheduled)).toMatchObject({ reason: 'Unschedulable' })
})

test('a volume or Secret, which only Events or the container tell', () => {
  expect(why(waiting('ContainerCreating'))).toBeUndefined()
  expect(
    why(waiting('ContainerCreating'), [{ reason: 'FailedMount', message: 'secret "x" not found' }]),
  ).toMatchObject({ reason: 'VolumeUnavailable' })
  expect(why(waiting('CreateContainerConfigError', 'no user'))).toMatchObject({ reason: 'VolumeUnavailable' })
})

test('a process that ends again and again', () => {
  expect(why(waiting('CrashLoopBackOff'))).toMatchObject({
    reason: 'Crashing',
    message: expect.stringContaining('logs garden-1-abc --previous'),
  })
})

test('a pod that just starts is no trouble', () => {
  expect(
    why(pod({ phase: 'Running', containerStatuses: [{ ready: false, restartCount: 1 }] })),
  ).toBeUndefined()
  expect(whyNotServing(undefined, [], [])).toBeUndefined()
})

test('what a Deployment says of its rollout', () => {
  const done = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 }
  expect(rolledOut(deployment(done, 2))).toBe(true)
  expect(rolledOut(deployment(done, 3))).toBe(false)
  expect(rolledOut(deployment({ ...done, replicas: 2 }, 2))).toBe(false)
  expect(rolledOut(deployment({ ...done, readyReplicas: 0 }, 2))).toBe(false)
  expect(rolledOut(undefined)).toBe(false)
  expect(serves(deployment({ readyReplicas: 1 }))).toBe(true)
  const late = deployment({
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  })
  expect(stuck(late)).toBe(true)
  expect(whyNotServing(late, [], [])).toMatchObject({ reason: 'RolloutStuck' })
})
