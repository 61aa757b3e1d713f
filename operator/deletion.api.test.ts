// What becomes of a deleted Community, with the cluster's own garbage collection and no part of it played by the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildProgram } from '../test/cluster/build/go-build.ts'
import { resources } from './kube/resources.ts'
import { operate, until } from './testing/operate.ts'
import { type Setup, setUp } from './testing/setup.ts'
import { findClaim } from './testing/world.ts'

const namespaces = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

let setup: Setup
let manager: ChildProcess
beforeAll(async () => {
  setup = await setUp()
  manager = spawn(
    await buildProgram('kube'),
    [
      'kube-controller-manager',
      `--kubeconfig=${setup.api.kubeconfig}`,
      '--controllers=garbage-collector-controller,namespace-controller',
      '--leader-elect=false',
      '--secure-port=0',
    ],
    { stdio: 'ignore' },
  )
})
afterAll(async () => {
  manager?.kill('SIGKILL')
  await setup?.stop()
})

test('under Retain a Community goes with all that it owned, and comes back; its namespace goes without an operator', async () => {
  const { create, ready, kube, place, community, close } = await operate(setup, 'town')
  await create(0, {})
  await ready('True', 'Serving')
  const before = await kube.get(resources.deployment, { ...place(), name: 'garden-1' })
  await kube.delete(resources.community, place())
  await create(0, {})
  await ready('True', 'Serving')
  const after = await kube.get(resources.deployment, { ...place(), name: 'garden-1' })
  expect(after?.metadata.uid).not.toBe(before?.metadata.uid)

  // The operator is away, or was left without rights: it makes no difference.
  expect(await close()).toBe(0)
  expect((await community())?.metadata.finalizers).toBeUndefined()
  await kube.delete(namespaces, { name: place().namespace })
  await until(
    'the namespace to go',
    () => kube.get(namespaces, { name: place().namespace }),
    (seen) => seen === undefined,
  )
  expect(await findClaim(setup.world, place())).toBeDefined()
})
