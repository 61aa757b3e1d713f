import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { callThrough } from '../../../test/postgres/moves.ts'
import { join, stranger } from '../../../test/postgres/people.ts'
import { writePost } from '../../posts/write.ts'
import { TIES, tiesAnswer } from './calls.ts'

let community: TestCommunity
let homes: TestInstance[]
const network = makeTestSiblings()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 20 })
  homes = await Promise.all([1, 2].map((n) => makeInstance(homeOf(community, n), n, network)))
})
afterAll(async () => {
  for (const home of homes) await home.close()
  await community.close()
})

const at = (ordinal: number) => {
  const home = homes[ordinal - 1]
  if (!home) throw new Error(`no home ${ordinal}`)
  return home.instance
}

test('a home tells what its residents did to members, in ids, lately, and nothing of anybody else', async () => {
  const one = at(1)
  const ana = await join(one, 'ana')
  const ben = await join(one, 'ben')
  const far = await stranger(one, 'zoe')
  const follow = (from: string, to: string, state = 'accepted') =>
    one.db.insertInto('follows').values({ follower_id: from, followee_id: to, state }).execute()
  await follow(ana.id, ben.id)
  await follow(ben.id, ana.id, 'pending')
  await follow(ana.id, far)
  await follow(far, ana.id)
  const post = must(await writePost(one, ben, { text: 'hello', visibility: 'public' }))
  const answer = { text: 'hello too', visibility: 'public', replyTo: post.id } as const
  must(await writePost(one, ana, answer))
  must(await writePost(one, ana, answer))
  must(await writePost(one, ben, answer))
  const like = (id: string, when: Date) =>
    one.db
      .insertInto('likes')
      .values({ account_id: id, post_id: post.id, activity_uri: `x:${id}`, created_at: when })
      .execute()
  await like(ana.id, new Date(Date.now() - 91 * 86_400_000))
  await like(far, new Date())
  const answered = await callThrough(network)(1, TIES, { method: 'GET' })
  expect(answered.status).toBe(200)
  expect(tiesAnswer.parse(answered.body).ties).toEqual([
    { from: ana.id, to: ben.id, follows: true, replies: 2, boosts: 0, likes: 0 },
  ])
  expect(JSON.stringify(answered.body)).not.toMatch(/ana|ben|zoe/)
  expect((await callThrough(network)(2, TIES, { method: 'GET' })).body).toEqual({ ties: [] })
})
