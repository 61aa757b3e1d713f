// What is sent to a home for somebody who was switched to it, and is not active there yet.
import { expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { follow } from '../members/follow.ts'
import { writePost } from '../posts/write.ts'

const homes = neighbourhood({ homes: 3, people: ['ana', 'ben', 'cem', 'dee', 'eva', 'fay'] })
const { at, person, round } = homes

/** Ben lives at 3, Ana follows him from 1 and is switched to 2, and home 3 has heard of it first. */
async function switched(follower: string, followed: string) {
  const [ana, ben] = [person(follower), person(followed)]
  expect(await homes.mover.move(ben.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), `@${followed}`))
  must(await follow(at(1), { ...ana, epoch: 1 }, ben.id))
  await homes.rounds([1, 3])
  await at(2).homes.refresh()
  const move = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(move.id, 'switched')
  await at(3).homes.refresh()
  return { ana, ben, move }
}

test('a post of a member of a third home is there when they are', async () => {
  const { ben, move } = await switched('ana', 'ben')
  const { id } = must(
    await writePost(at(3), { ...ben, epoch: 2 }, { text: 'Hello', visibility: 'followers' }),
  )
  await round(3)
  await round(2)
  expect(await homes.mover.drive(move.id)).toEqual({ is: 'done' })
  await homes.rounds([1, 2, 3])
  expect(await at(2).db.selectFrom('posts').select('id').where('account_id', '=', ben.id).execute()).toEqual([
    { id },
  ])
})

test('a member of a third home who begins to follow them is answered', async () => {
  const { ana: cem, ben: dee, move } = await switched('cem', 'dee')
  must(await resolveAccount(at(3), '@cem'))
  must(await follow(at(3), { ...dee, epoch: 2 }, cem.id))
  await round(3)
  await round(2)
  expect(await homes.mover.drive(move.id)).toEqual({ is: 'done' })
  await homes.rounds([1, 2, 3])
  const edge = (n: number) =>
    at(n).db.selectFrom('follows').select('state').where('follower_id', '=', dee.id).execute()
  expect([await edge(2), await edge(3)]).toEqual([[{ state: 'accepted' }], [{ state: 'accepted' }]])
})

test('a post of a new neighbour goes to the home that they come from as well: the directory may go back', async () => {
  const [eva, fay] = [person('eva'), person('fay')]
  expect(await homes.mover.move(eva.id, 2)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@eva'))
  must(await follow(at(1), fay, eva.id))
  await homes.rounds([1, 2])
  const move = must(await homes.mover.begin(fay.id, 2))
  await homes.mover.driveTo(move.id, 'switched')
  await at(2).homes.refresh()
  const post = { text: 'Welcome', visibility: 'followers' } as const
  const { id } = must(await writePost(at(2), { ...eva, epoch: 2 }, post))
  const spooled = (n: number) => at(n).db.selectFrom('spool').select(['ordinal', 'recipient']).execute()
  expect(await spooled(2)).toEqual([{ ordinal: 1, recipient: 'fay' }])
  for (const n of [2, 1, 2]) await round(n)
  expect(await homes.mover.drive(move.id)).toEqual({ is: 'done' })
  await homes.rounds([1, 2, 3])
  // It came back, and changed nothing.
  const posts = await at(2).db.selectFrom('posts').select('id').where('account_id', '=', eva.id).execute()
  const intake = await at(2).db.selectFrom('intake').select('last_error').execute()
  expect([posts, intake, await spooled(1), await spooled(2)]).toEqual([[{ id }], [], [], []])
})
