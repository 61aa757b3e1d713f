import { expect, test } from 'vitest'
import {
  known,
  makeClaim,
  makeFacts,
  makeInstance,
  makeRow,
  makeSnapshot,
} from '../../testing/snapshots/community.ts'
import { changes, created, decide, everywhere, reason, steps } from '../../testing/snapshots/decided.ts'

const regressed = (silent: readonly { ordinal: number; message: string }[] = []) =>
  makeSnapshot({
    claim: makeClaim({
      nextOrdinal: 5,
      made: new Set(['directory', '1', '2', '3', '4']),
      retired: new Set([3]),
    }),
    // A dump of before the second was opened.
    directory: known(makeFacts({ instances: [makeRow(1, { taken: 300 })], moving: 4 })),
    instances: [makeInstance(1), makeInstance(2), makeInstance(4, { state: 'Retired' })],
    regression: { regressed: true, silent },
  })
const says = (snapshot: ReturnType<typeof regressed>, type: string) =>
  decide(snapshot).findings.find((finding) => finding.type === type)

test('a directory that was restored is rebuilt from every home that was not emptied for good', () => {
  const snapshot = regressed()
  const rebuilds = steps(snapshot).filter((step) => step.do === 'rebuildDirectory')
  expect(rebuilds).toEqual([
    {
      do: 'rebuildDirectory',
      order: {
        name: 'garden_x_directory',
        homes: [
          { ordinal: 1, name: 'garden_x_1' },
          { ordinal: 2, name: 'garden_x_2' },
          { ordinal: 4, name: 'garden_x_4' },
        ],
        retired: [3, 4],
        addresses: [1, 2, 4, 3, 4].map((ordinal) => ({
          ordinal,
          address: `http://garden-${ordinal}.town.svc:8081`,
        })),
        community: { namespace: 'town', name: 'garden' },
        givenUp: undefined,
      },
    },
  ])
  expect([reason(snapshot), reason(snapshot, 'MembersKnown')]).toEqual([
    'DirectoryRegressed',
    'DirectoryRegressed',
  ])
  expect(decide(snapshot).events.map((event) => event.reason)).toEqual(['DirectoryRegressed'])
})

test('what somebody has given up of members who hold one name is told to who rebuilds', () => {
  const snapshot = regressed()
  const { community } = snapshot
  const annotations = { 'hamlet.coop/give-up-namesakes': 'c0de' }
  const told = { ...community, metadata: { ...community.metadata, annotations } }
  expect(
    steps({ ...snapshot, community: told }).find((step) => step.do === 'rebuildDirectory'),
  ).toMatchObject({
    order: { givenUp: 'c0de' },
  })
})

test('no answer is not agreement: nothing is rebuilt before all have answered, and it is said who has not', () => {
  const snapshot = regressed([{ ordinal: 2, message: 'PostgreSQL at db:5432: no' }])
  expect(steps(snapshot).map((step) => step.do)).not.toContain('rebuildDirectory')
  expect(says(snapshot, 'MembersKnown')).toMatchObject({
    status: 'False',
    message: expect.stringContaining('instance 2 gives no answer: PostgreSQL at db:5432: no'),
  })
})

test('nothing else is decided on the ground of a directory that went back in time', () => {
  everywhere((snapshot) => {
    if (!snapshot.regression.regressed || snapshot.directory.state !== 'known') return
    const { community, claim } = snapshot
    const identity = snapshot.directory.facts?.identity
    if (!identity || community.metadata.deletionTimestamp || !claim?.made.has('directory')) return
    expect([changes(snapshot), created(snapshot)]).toEqual([[], []])
    expect(
      steps(snapshot).filter((step) => step.do === 'create' && step.object.kind === 'Rebalance'),
    ).toEqual([])
  })
})

test('a Community says what its instances miss, and goes on', () => {
  const instance = makeInstance(1)
  const missing = {
    type: 'MembersKnown',
    status: 'False' as const,
    reason: 'MembersMissing',
    message: 'database garden_x_1 lacks 2 members',
    lastTransitionTime: '2030-01-01T00:00:00Z',
  }
  const { conditions = [] } = instance.status
  const snapshot = makeSnapshot({
    instances: [{ ...instance, status: { ...instance.status, conditions: [...conditions, missing] } }],
  })
  const message = 'garden-1: database garden_x_1 lacks 2 members'
  expect(says(snapshot, 'MembersKnown')).toMatchObject({ status: 'False', reason: 'MembersMissing', message })
  expect(says(snapshot, 'Degraded')).toMatchObject({ status: 'True', reason: 'MembersMissing', message })
  expect(says(snapshot, 'Ready')).toMatchObject({ status: 'True' })
})
