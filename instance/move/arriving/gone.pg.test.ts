// Who arrives where somebody has gone from a moment ago, and was not let go of yet: their rows there are dead.
import { expect, test } from 'vitest'
import { must } from '../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { resolveAccount } from '../../federation/resolve/account.ts'
import { follow, unfollow } from '../../members/follow.ts'
import { writePost } from '../../posts/write.ts'
import { verifyResidents } from '../../store/boots/residents.ts'

const homes = neighbourhood({
  homes: 3,
  domain: 'garden.example',
  people: ['ana', 'ben', 'cem', 'dee', 'eva', 'fay', 'gil', 'hal', 'ivy', 'joe'],
})
const { at, person, round } = homes

const rounds = async () => {
  for (let n = 0; n < 4; n++) for (const ordinal of [1, 2, 3]) await round(ordinal)
}
const followsOf = async (name: string, ordinal: number) =>
  (
    await at(ordinal)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', person(name).id)
      .execute()
  ).map(({ state }) => state)

/** Moves them until they live there, and their earlier home has not let go of them. */
async function goes(name: string, to: number): Promise<string> {
  const begun = must(await homes.mover.begin(person(name).id, to))
  await homes.mover.driveTo(begun.id, 'activated')
  return begun.id
}

test('whoever asked to follow them there, and has gone, is answered where they live now', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  await at(2).homes.refresh()
  must(await resolveAccount(at(2), '@ana'))
  // Home 2 hands it over only after both have moved.
  must(await follow(at(2), { ...ben, epoch: 2 }, ana.id))
  const going = await goes('ben', 3)
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  expect(await homes.mover.drive(going)).toEqual({ is: 'done' })
  await rounds()
  for (const n of [2, 3]) expect([n, await followsOf('ben', n)]).toEqual([n, ['accepted']])
})

test('so they are if they were still frozen there, and had not gone', async () => {
  const [cem, dee] = [person('cem'), person('dee')]
  expect(await homes.mover.move(dee.id, 2)).toEqual({ is: 'done' })
  await at(2).homes.refresh()
  must(await resolveAccount(at(2), '@cem'))
  must(await follow(at(2), { ...dee, epoch: 2 }, cem.id))
  const begun = must(await homes.mover.begin(dee.id, 3))
  await homes.mover.driveTo(begun.id, 'verified')
  expect(await homes.mover.move(cem.id, 2)).toEqual({ is: 'done' })
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  await rounds()
  for (const n of [2, 3]) expect([n, await followsOf('dee', n)]).toEqual([n, ['accepted']])
})

test('whom they follow since, where they lived together, they go on following', async () => {
  const [eva, fay] = [person('eva'), person('fay')]
  expect(await homes.mover.move(fay.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  const going = await goes('fay', 1)
  await at(1).homes.refresh()
  must(await follow(at(1), eva, fay.id))
  must(await follow(at(1), { ...fay, epoch: 3 }, eva.id))
  expect(await homes.mover.move(eva.id, 3)).toEqual({ is: 'done' })
  expect(await homes.mover.drive(going)).toEqual({ is: 'done' })
  await rounds()
  for (const n of [1, 3]) {
    expect([n, await followsOf('eva', n)]).toEqual([n, ['accepted']])
    expect([n, await followsOf('fay', n)]).toEqual([n, ['accepted']])
  }
})

test('whom they no longer follow, since they lived together, they do not follow again', async () => {
  const [gil, hal] = [person('gil'), person('hal')]
  must(await follow(at(1), hal, gil.id))
  must(await follow(at(1), gil, hal.id))
  expect(await homes.mover.move(hal.id, 3)).toEqual({ is: 'done' })
  const going = await goes('hal', 1)
  await at(1).homes.refresh()
  must(await unfollow(at(1), { ...hal, epoch: 3 }, gil.id))
  must(await unfollow(at(1), gil, hal.id))
  expect(await homes.mover.move(gil.id, 3)).toEqual({ is: 'done' })
  for (const name of ['gil', 'hal']) expect([name, await followsOf(name, 3)]).toEqual([name, []])
  expect(await homes.mover.drive(going)).toEqual({ is: 'done' })
  await rounds()
  for (const n of [1, 3])
    for (const name of ['gil', 'hal']) expect([n, name, await followsOf(name, n)]).toEqual([n, name, []])
})

test('whom they followed, and who left as well before they were let go of, reaches them by way of their old home', async () => {
  const [ivy, joe] = [person('ivy'), person('joe')]
  must(await follow(at(1), ivy, joe.id))
  const begun = must(await homes.mover.begin(ivy.id, 2))
  await homes.mover.driveTo(begun.id, 'switched')
  // Home 1 begins again: to it she is somebody who has left.
  const { db, directory, log, homes: known } = at(1)
  await verifyResidents({ db, directory, homes: known, ordinal: 1, log })
  expect(await homes.mover.move(joe.id, 3)).toEqual({ is: 'done' })
  const post = must(await writePost(at(3), { ...joe, epoch: 2 }, { text: 'To all', visibility: 'public' }))
  // To home 3 she still lives at home 1.
  await at(3).db.updateTable('spool').set({ ordinal: 1 }).execute()
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  await rounds()
  expect(
    await at(2).db.selectFrom('posts').select('id').where('uri', 'like', `%/posts/${post.id}`).execute(),
  ).toHaveLength(1)
})
