// A sibling is retired while this pod still has something for it: nothing of it is lost, and nothing goes there any more.
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, runAt, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import { editPost } from '../../posts/edit.ts'
import { writePost } from '../../posts/write.ts'
import type { Incoming } from '../in/activity.ts'
import { keep } from '../in/keep.ts'
import { handOver } from './sender.ts'

let community: TestCommunity
let home: TestInstance
let sibling: TestInstance
let here: TestMember
let there: TestMember
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 3, cap: 1 })
  const network = makeTestSiblings()
  home = await makeInstance(homeOf(community, 1), 1, network)
  sibling = await makeInstance(homeOf(community, 3), 3, network)
  const admin = (sql: string) => runAt(community.adminUrls.directory, sql)
  await admin("UPDATE instances SET state = 'Opening' WHERE ordinal IN (2, 3)")
  here = await join(home.instance, 'ana')
  await admin("UPDATE instances SET state = 'Active' WHERE ordinal = 3")
  there = await join(sibling.instance, 'cem')
  await admin("UPDATE instances SET state = 'Retired' WHERE ordinal = 2")
  await Promise.all([home, sibling].map(({ instance }) => instance.homes.refresh()))
})
afterAll(async () => {
  await home?.close()
  await sibling?.close()
  await community?.close()
})
beforeEach(async () => {
  await home.instance.db.deleteFrom('spool').execute()
  await home.instance.db.deleteFrom('intake').execute()
})

const owe = (ordinal: number, recipient: string | null, name: string) =>
  home.instance.db
    .insertInto('spool')
    .values({
      ordinal,
      recipient,
      activity_uri: `https://far.example/${name}`,
      actor_uri: 'https://far.example/bob',
      body: JSON.stringify({ name }),
    })
    .execute()
const run = (ordinal = 2) => handOver(home.instance, ordinal, new AbortController().signal)
const spooled = () =>
  home.instance.db.selectFrom('spool').select(['ordinal', 'recipient', 'body']).orderBy('seq').execute()

test('what was for somebody goes to where they live, also if that is here; what was for nobody in particular, to all', async () => {
  await owe(2, there.handle, 'a')
  await owe(2, here.handle, 'b')
  await owe(2, null, 'c')
  await owe(2, 'nobody', 'd')
  expect(await run()).toBe('none')
  expect(await spooled()).toEqual(
    expect.arrayContaining([
      { ordinal: 3, recipient: there.handle, body: { name: 'a' } },
      { ordinal: 3, recipient: null, body: { name: 'c' } },
    ]),
  )
  expect(await spooled()).toHaveLength(2)
  const intake = await home.instance.db
    .selectFrom('intake')
    .select(['recipient', 'from_sibling', 'body'])
    .execute()
  expect(intake).toEqual([{ recipient: here.handle, from_sibling: 1, body: { name: 'b' } }])
})

test('what comes from now on is kept for the homes that there are, and nothing for the one that is gone', async () => {
  const raw = { id: 'https://far.example/e', type: 'Create', actor: 'https://far.example/bob' }
  const activity: Incoming = { ...raw, object: undefined, raw }
  await keep(home.instance, activity, undefined)
  expect((await spooled()).map(({ ordinal, recipient }) => [ordinal, recipient])).toEqual([[3, null]])
})

test('an edit of what was for the members of a home that is gone goes to nobody', async () => {
  const { id } = must(await writePost(home.instance, here, { text: 'Ours', visibility: 'instance' }))
  await home.instance.db.updateTable('posts').set({ instance: 2 }).where('id', '=', id).execute()
  must(await editPost(home.instance, here, id, { text: 'Mended' }))
  expect(await spooled()).toEqual([])
})

test('a sibling that this pod has not heard of yet is waited for', async () => {
  await runAt(
    community.adminUrls.directory,
    `INSERT INTO instances (ordinal, cap, state, address) VALUES (4, 1, 'Active', 'http://127.0.0.1:1');
     UPDATE members SET home = 4 WHERE id = ${there.id}`,
  )
  await owe(4, there.handle, 'a')
  // It may have heard by now; nobody answers there.
  expect(['none', 'failed']).toContain(await run(4))
  expect(await spooled()).toEqual([{ ordinal: 4, recipient: there.handle, body: { name: 'a' } }])
})
