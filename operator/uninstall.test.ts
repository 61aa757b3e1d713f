import { expect, test } from 'vitest'
import { KubeError } from './kube/error.ts'
import type { Kube, KubeObject } from './kube/types.ts'
import { whyNotUninstall } from './uninstall.ts'

const community = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  kind: 'Community',
  metadata: { namespace, name },
})

function clusterWith(...communities: KubeObject[]): Pick<Kube, 'list'> {
  return {
    list: async (_, { namespace } = {}) =>
      communities.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  }
}

const release = 'hamlet 4 --namespace hamlet'

const failing = (code: number): Pick<Kube, 'list'> => ({
  list: () => Promise.reject(new KubeError({ code, reason: '', message: `code ${code}` })),
})

test('nothing is in the way of an uninstall without Communities, or without their definition', async () => {
  expect(await whyNotUninstall({ namespaces: undefined, release }, { kube: clusterWith() })).toBeUndefined()
  expect(
    await whyNotUninstall(
      { namespaces: ['garden'], release },
      { kube: clusterWith(community('choir', 'choir')) },
    ),
  ).toBeUndefined()
  expect(await whyNotUninstall({ namespaces: undefined, release }, { kube: failing(404) })).toBeUndefined()
})

test('Communities are counted in every namespace that is looked after, and a few are named', async () => {
  const kube = clusterWith(
    ...[3, 1, 2, 7, 5, 6, 4].map((n) => community('town', `c-${n}x`)),
    community('a', 'b'),
  )
  expect(await whyNotUninstall({ namespaces: undefined, release }, { kube })).toMatch(
    /^8 Communities are still there \(a\/b, town\/c-1x, town\/c-2x, town\/c-3x, town\/c-4x and 3 more\)\. Delete/,
  )
  expect(await whyNotUninstall({ namespaces: ['a', 'empty'], release }, { kube })).toMatch(
    /^1 Community is still there \(a\/b\)\. Delete.*helm rollback hamlet 4 --namespace hamlet$/,
  )
})

test.each([0, 403, 500])('an answer %d is not taken for "none"', async (code) => {
  await expect(whyNotUninstall({ namespaces: undefined, release }, { kube: failing(code) })).rejects.toThrow(
    `code ${code}`,
  )
})
