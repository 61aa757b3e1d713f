import { expect, test } from 'vitest'
import { onlyCrashes, type PodSeen, troubleOf } from './rollout.ts'

const pod = (status: PodSeen['status']): PodSeen => ({ metadata: { name: 'web' }, status })
const waiting = (reason: string, restartCount = 0) =>
  pod({ containerStatuses: [{ restartCount, state: { waiting: { reason, message: 'why' } } }] })

test('a running pod is no trouble', () => {
  expect(troubleOf(pod({ containerStatuses: [{ restartCount: 2, state: {} }] }))).toEqual([])
})

test('a pod that cannot run says why', () => {
  expect(troubleOf(waiting('ErrImagePull'))).toEqual(['web: ErrImagePull (why)'])
  const conditions = [{ type: 'PodScheduled', status: 'False', message: 'no node is large enough' }]
  expect(troubleOf(pod({ conditions }))).toEqual(['web: no node is large enough'])
})

test('only a program that ends again and again is given up', () => {
  expect(onlyCrashes(waiting('CrashLoopBackOff', 1))).toBe(false)
  expect(onlyCrashes(waiting('ErrImagePull', 9))).toBe(false)
  expect(onlyCrashes(waiting('CrashLoopBackOff', 3))).toBe(true)
})
