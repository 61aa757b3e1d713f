import Fastify, { type FastifyInstance } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { join, stranger } from '../../../test/postgres/people.ts'
import { reportPosts } from '../../directory/figures.ts'
import { deletePost } from '../../posts/remove.ts'
import { writePost } from '../../posts/write.ts'
import { isRefusal } from '../../refusal.ts'
import { openDatabase } from '../../store/database.ts'
import { registerNodeinfo } from './nodeinfo.ts'

let community: TestCommunity
let admin: pg.Client
const instances: TestInstance[] = []
const at = (ordinal: number) => {
  const one = instances[ordinal - 1]
  if (!one) throw new Error('no such instance')
  return one.instance
}
let now = Date.now()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 1 })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  const network = makeTestSiblings()
  for (const ordinal of [1, 2])
    instances.push(await makeInstance(homeOf(community, ordinal), ordinal, network))
})
afterAll(async () => {
  for (const one of instances) await one.close()
  await admin.end()
  await community.close()
})

async function serve(instance: Parameters<typeof registerNodeinfo>[1]): Promise<FastifyInstance> {
  const app = Fastify()
  registerNodeinfo(app, { ...instance, clock: () => new Date(now) })
  await app.ready()
  return app
}
const usage = async (app: FastifyInstance) => (await app.inject('/nodeinfo/2.1')).json().usage

test('the posts of all homes are told by any, with the home down, and from memory with the directory down', async () => {
  const first = await join(at(1), 'ana')
  const second = await join(at(1), 'ben')
  const homes = [first, second].map(({ id }) => at(1).homes.byId(id)?.home)
  expect(homes.toSorted()).toEqual([1, 2])
  await Promise.all([1, 2].map((ordinal) => at(ordinal).homes.refresh()))
  const app = await serve(at(1))
  expect(await usage(app)).toEqual({ users: { total: 2 }, localPosts: 0 })

  const written: string[] = []
  for (const [index, member] of [first, second].entries()) {
    const instance = at(homes[index] ?? 0)
    for (let n = 0; n <= index; n++) {
      const post = await writePost(instance, member, { text: `Post ${n}`, visibility: 'public' })
      if (isRefusal(post)) throw new Error(post.code)
      written.push(post.id)
    }
    // What others wrote is not the community's.
    const author = await stranger(instance, 'zoe')
    await instance.db
      .insertInto('posts')
      .values({
        id: `${900 + index}`,
        uri: 'https://other.example/1',
        url: 'https://other.example/1',
        account_id: author,
        visibility: 'public',
        content_html: '',
        published_at: new Date(now),
      })
      .execute()
    await reportPosts(instance)
  }
  // Kept for a minute: a crawler's visit must not cost a count.
  expect(await usage(app)).toMatchObject({ localPosts: 0 })
  now += 61_000
  expect(await usage(app)).toMatchObject({ localPosts: 3 })

  await deletePost(at(homes[1] ?? 0), second, written.at(-1) ?? '')
  await reportPosts(at(homes[1] ?? 0))
  now += 61_000
  expect(await usage(app)).toMatchObject({ localPosts: 2 })
  await app.close()
})

test('a directory that is down makes the number old or missing, never wrong', async () => {
  const nowhere = openDatabase<never>('postgres://nobody@127.0.0.1:1/none', { name: 'test' })
  const app = await serve({ ...at(1), directory: nowhere })
  expect(await usage(app)).toEqual({ users: { total: 2 } })
  await app.close()
  await nowhere.destroy()
})
