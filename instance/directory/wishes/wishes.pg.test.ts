import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { type Mover, makeMover } from '../../../test/postgres/moves.ts'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import type { Instance } from '../../instance.ts'
import { type Choice, changeWishes, readOwnHome } from './own.ts'
import { readWishes } from './read.ts'

let community: TestCommunity
let homes: TestInstance[]
let mover: Mover
let first: Instance
let ana: TestMember
let ben: TestMember
let cleo: TestMember
const network = makeTestSiblings()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 10 })
  homes = await Promise.all([1, 2].map((n) => makeInstance(homeOf(community, n), n, network)))
  mover = makeMover(community, network)
  const [home] = homes
  if (!home) throw new Error('no home')
  first = home.instance
  ana = await join(first, 'ana')
  ben = await join(first, 'ben')
  cleo = await join(first, 'cleo')
})
afterAll(async () => {
  await mover.close()
  for (const home of homes) await home.close()
  await community.close()
})

const wish = (who: TestMember, choice: Choice, names = '') => changeWishes(first, who, { choice, names })
/** As the operator reads it, with its own rights. */
const read = async (who: TestMember) => (await readWishes(mover.deps.directory)).get(who.id)

test('whoever says nothing may be moved, and lives with nobody in particular', async () => {
  expect(await read(ana)).toEqual({ pinned: false, wantsMove: false, together: [], lastMovedAt: null })
  expect(await readOwnHome(first, ana.id)).toMatchObject({
    choice: 'either',
    together: [],
    since: expect.any(Date),
  })
})

test('a wish to live together counts when both name each other', async () => {
  const { revision } = await community.directory
    .selectFrom('meta')
    .select('revision')
    .executeTakeFirstOrThrow()
  must(await wish(ana, 'stay', `@Ben cleo@${community.domain}`))
  expect([(await read(ana))?.together, (await read(ben))?.together]).toEqual([[], []])
  must(await wish(ben, 'either', 'ana'))
  expect(await read(ana)).toMatchObject({ pinned: true, together: [ben.id] })
  expect(await read(ben)).toMatchObject({ pinned: false, together: [ana.id] })
  expect(await read(cleo)).toMatchObject({ together: [] })
  expect(await readOwnHome(first, ana.id)).toMatchObject({ choice: 'stay', together: ['ben', 'cleo'] })
  const after = await community.directory.selectFrom('meta').select('revision').executeTakeFirstOrThrow()
  expect(BigInt(after.revision) - BigInt(revision)).toBe(2n)
})

test('a name of nobody is refused, and nothing is changed by it', async () => {
  expect(await wish(ana, 'move', 'ben nobody')).toMatchObject({
    code: 'unknown-name',
    details: { name: '@nobody' },
  })
  await community.directory
    .updateTable('members')
    .set({ state: 'deleted' })
    .where('id', '=', cleo.id)
    .execute()
  expect(await wish(ana, 'move', 'cleo')).toMatchObject({ code: 'unknown-name' })
  expect(await readOwnHome(first, ana.id)).toMatchObject({ choice: 'stay', together: ['ben'] })
  await community.directory
    .updateTable('members')
    .set({ state: 'active' })
    .where('id', '=', cleo.id)
    .execute()
})

test.each(['moderator', 'organiser'])('a %s stays, until they ask to move', async (role) => {
  const { directory } = community
  await directory.updateTable('members').set({ role }).where('id', '=', cleo.id).execute()
  await directory.deleteFrom('wishes').where('member_id', '=', cleo.id).execute()
  expect(await read(cleo)).toMatchObject({ pinned: true, wantsMove: false })
  expect(await readOwnHome(first, cleo.id)).toMatchObject({ choice: 'stay' })
  must(await wish(cleo, 'move'))
  expect(await read(cleo)).toMatchObject({ pinned: false, wantsMove: true })
  must(await wish(cleo, 'either'))
  expect(await read(cleo)).toMatchObject({ pinned: true, wantsMove: false })
})

test('a wish to move is over with the move; whoever moved is known to have, and since when they live there', async () => {
  must(await wish(ben, 'move', 'ana'))
  expect(await read(ben)).toMatchObject({ wantsMove: true, lastMovedAt: null })
  const undone = must(await mover.begin(ben.id, 2))
  await mover.abandon(undone.id, 'wanted')
  expect(await mover.drive(undone.id)).toMatchObject({ is: 'undone' })
  expect(await read(ben)).toMatchObject({ wantsMove: true, lastMovedAt: null })
  expect(await mover.move(ben.id, 2)).toEqual({ is: 'done' })
  const { since, ...own } = must(await readOwnHome(first, ben.id))
  expect(own).toEqual({ choice: 'either', together: ['ana'] })
  expect(await read(ben)).toEqual({
    pinned: false,
    wantsMove: false,
    together: [ana.id],
    lastMovedAt: since?.getTime(),
  })
  must(await wish(ben, 'move', 'ana'))
  expect(await read(ben)).toMatchObject({ wantsMove: true })
})

test('whoever asks lives here, so a directory that does not have them is not to be believed', async () => {
  const dora = await join(first, 'dora')
  await community.directory.deleteFrom('members').where('id', '=', dora.id).execute()
  expect(await readOwnHome(first, dora.id)).toMatchObject({ code: 'wishes-unreachable' })
})

test('with an older directory nothing is changed, and the words are about homes', async () => {
  await first.homes.refresh()
  await community.directory
    .updateTable('meta')
    .set((eb) => ({ revision: eb('revision', '-', '1') }))
    .execute()
  await first.homes.refresh()
  expect(await wish(ana, 'move')).toMatchObject({ code: 'wishes-unreachable' })
})
