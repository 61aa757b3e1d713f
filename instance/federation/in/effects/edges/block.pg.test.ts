import { beforeAll, beforeEach, expect, test } from 'vitest'
import { neighbourhood } from '../../../../../test/postgres/neighbourhood.ts'
import { stranger } from '../../../../../test/postgres/people.ts'
import { follow, followState } from '../../../../members/follow.ts'
import { apply } from '../../apply/apply.ts'

const { at, person } = neighbourhood({ homes: 1, domain: 'garden.example', people: ['ana'] })
let bob: string
beforeAll(async () => {
  bob = await stranger(at(1), 'bob', 'far.example')
})
beforeEach(async () => {
  for (const table of ['follows', 'tombstones'] as const) await at(1).db.deleteFrom(table).execute()
})

const ANA = 'https://garden.example/users/ana'
const BOB = 'https://far.example/users/bob'
const BLOCK = { id: 'https://far.example/blocks/1', type: 'Block', actor: BOB, object: ANA }
const UNDO = { id: 'https://far.example/blocks/1/undo', type: 'Undo', actor: BOB, object: BLOCK }
const FOLLOW = { id: 'https://far.example/follows/2', type: 'Follow', actor: BOB, object: ANA }

async function arrives(body: typeof BLOCK | typeof UNDO) {
  const row = { id: '1', actor_uri: BOB, activity_uri: body.id, recipient: null, from_sibling: null, body }
  expect(await apply(at(1), row)).toEqual({ is: 'done' })
}

/** Whom Ana follows, and who follows her: of the two, their states. */
const edges = async () => [
  await followState(at(1).db, person('ana').id, bob),
  await followState(at(1).db, bob, person('ana').id),
]

test.each([
  ['as they were done', [BLOCK, UNDO]],
  ['in the wrong order', [UNDO, BLOCK]],
  ['the first one twice', [BLOCK, UNDO, BLOCK]],
])(
  'a block that was taken back ends the follows of before, and none of those made since: %s',
  async (_, came) => {
    await follow(at(1), person('ana'), bob)
    await arrives(FOLLOW)
    for (const body of came) await arrives(body)
    expect(await edges()).toEqual([undefined, undefined])

    await follow(at(1), person('ana'), bob)
    await arrives({ ...FOLLOW, id: 'https://far.example/follows/3' })
    await arrives(BLOCK)
    expect(await edges()).toEqual(['pending', 'accepted'])
  },
)

test('a block that was not taken back ends the follows of before', async () => {
  await follow(at(1), person('ana'), bob)
  await arrives(FOLLOW)
  await arrives({ ...UNDO, object: { ...BLOCK, id: 'https://far.example/blocks/0' } })
  await arrives(BLOCK)
  expect(await edges()).toEqual([undefined, undefined])
})
