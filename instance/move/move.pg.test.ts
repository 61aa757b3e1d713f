import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../test/postgres/instances.ts'
import { makeMover, type Mover } from '../../test/postgres/moves.ts'
import { join, stranger, type TestMember } from '../../test/postgres/people.ts'
import { follow } from '../members/follow.ts'
import { writePost } from '../posts/write.ts'
import { isRefusal } from '../refusal.ts'

let community: TestCommunity
let homes: TestInstance[]
let mover: Mover
const network = makeTestSiblings()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 20 })
  homes = await Promise.all([1, 2].map((n) => makeInstance(homeOf(community, n), n, network)))
  mover = makeMover(community, network)
})
afterAll(async () => {
  await mover.close()
  for (const home of homes) await home.close()
  await community.close()
})

const at = (ordinal: number) => {
  const home = homes[ordinal - 1]
  if (!home) throw new Error(`no home ${ordinal}`)
  return home.instance
}
const draft = (text: string) => ({ text, visibility: 'public' as const, summary: '' })
const write = async (ordinal: number, who: TestMember, text: string) => {
  const post = await writePost(at(ordinal), who, draft(text))
  if (isRefusal(post)) throw new Error(post.code)
  return post
}

test('a member with posts, follows and a session moves to a sibling', async () => {
  const ana = await join(at(1), 'ana')
  const ben = await stranger(at(1), 'ben')
  await follow(at(1), ana, ben)
  const post = await write(1, ana, 'Hello')
  expect(await mover.move(ana.id, 2)).toEqual({ is: 'done' })
  expect(await at(2).db.selectFrom('members').select(['id', 'state', 'epoch']).execute()).toEqual([
    { id: ana.id, state: 'active', epoch: 2 },
  ])
  expect(await at(1).db.selectFrom('members').select('id').execute()).toEqual([])
  expect((await at(2).db.selectFrom('posts').select('id').execute()).map(({ id }) => id)).toEqual([post.id])
  expect(await at(2).db.selectFrom('follows').select(['follower_id', 'followee_id']).execute()).toEqual([
    { follower_id: ana.id, followee_id: ben },
  ])
  expect(await at(2).db.selectFrom('sessions').select('member_id').execute()).toHaveLength(1)
  const after = await write(2, { ...ana, epoch: 2 }, 'Here now')
  expect(await mover.move(ana.id, 1)).toEqual({ is: 'done' })
  const posts = await at(1).db.selectFrom('posts').select('id').orderBy('id').execute()
  expect(posts.map(({ id }) => id)).toEqual([post.id, after.id])
  const seats = await community.directory.selectFrom('instances').select('taken').orderBy('ordinal').execute()
  expect(seats).toEqual([{ taken: 1 }, { taken: 0 }])
})
