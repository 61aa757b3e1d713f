// A post of somebody who has moved, asked for by a home that has not heard of it.
import { expect, test } from 'vitest'
import { runAt } from '../../../test/postgres/databases.ts'
import { must } from '../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { writePost } from '../../posts/write.ts'
import { postUri } from '../documents/addresses.ts'
import { resolveAccount } from './account.ts'
import { resolvePost } from './post.ts'

const homes = neighbourhood({ homes: 3, people: ['ana', 'ben'] })
const { at, person, network } = homes

test('is found at the new home, and is not said to be nowhere while a home gives no sound answer', async () => {
  const ana = person('ana')
  const post = must(await writePost(at(1), ana, { text: 'Hello', visibility: 'public' }))
  const uri = postUri(at(1).config.origin, 'ana', post.id)
  await at(3).homes.refresh()
  network.around = async () => ({ status: 500, body: { error: 'That is our fault.' } })
  expect(await resolvePost(at(3), uri)).toMatchObject({ code: 'unavailable' })
  delete network.around
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  expect(at(3).homes.byHandle('ana')?.home).toBe(1)
  expect(await resolvePost(at(3), uri)).toMatchObject({ id: post.id })
  expect(await resolvePost(at(3), postUri(at(1).config.origin, 'ana', '1'))).toMatchObject({
    code: 'not-found',
  })
})

test('of somebody who has been switched and is not there yet, nobody says that there is none', async () => {
  const ben = person('ben')
  await at(3).homes.refresh()
  const first = must(await writePost(at(1), ben, { text: 'First', visibility: 'public' }))
  must(await resolvePost(at(3), postUri(at(1).config.origin, 'ben', first.id)))
  const begun = must(await homes.mover.begin(ben.id, 2))
  let late = ''
  // Written when all has been compared, so that only the switch puts it in its place; and then the driver dies.
  const call: typeof homes.mover.deps.call = async (ordinal, path, options) => {
    if (path.endsWith('/freeze') && late === '')
      late = must(await writePost(at(1), ben, { text: 'Late', visibility: 'public' })).id
    if (path.endsWith('/activate')) throw new Error('died')
    return homes.mover.deps.call(ordinal, path, options)
  }
  await expect(homes.mover.drive(begun.id, { call })).rejects.toThrow('died')
  await at(3).homes.refresh()
  const uri = postUri(at(1).config.origin, 'ben', late)
  expect(await resolvePost(at(3), uri)).toMatchObject({ code: 'unavailable' })
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  expect(await resolvePost(at(3), uri)).toMatchObject({ id: late })
})

test('of somebody whom their home has lost by a restore, nobody says so either', async () => {
  await runAt(
    homes.community.adminUrls.directory,
    "INSERT INTO members (id, handle, home, state) VALUES (7, 'dora', 2, 'active')",
  )
  for (const ordinal of [2, 3]) await at(ordinal).homes.refresh()
  const uri = postUri(at(1).config.origin, 'dora', '1')
  expect(await resolvePost(at(3), uri)).toMatchObject({ code: 'unavailable' })
})

test('somebody who was still signing up when this home last heard of them is asked for, and is no nobody', async () => {
  await runAt(
    homes.community.adminUrls.directory,
    "UPDATE members SET state = 'pending' WHERE handle = 'ana'",
  )
  await at(3).homes.refresh()
  await runAt(homes.community.adminUrls.directory, "UPDATE members SET state = 'active' WHERE handle = 'ana'")
  expect(await resolveAccount(at(3), '@ana')).toMatchObject({ handle: 'ana' })
})
