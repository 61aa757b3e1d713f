import { expect, test } from 'vitest'
import { neighbourhood } from '../../../../test/postgres/neighbourhood.ts'
import { stranger } from '../../../../test/postgres/people.ts'
import { startIntake } from './worker.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben'] })

test('what needs a sibling that never answers keeps nothing else waiting', async () => {
  const home = homes.at(1)
  const { origin } = home.config
  expect(await homes.mover.move(homes.person('ben').id, 2)).toEqual({ is: 'done' })
  await home.homes.refresh()
  const zoe = await stranger(home, 'zoe')
  await home.db
    .insertInto('follows')
    .values({ follower_id: homes.person('ana').id, followee_id: zoe, state: 'accepted' })
    .execute()
  const hanging: ((error: Error) => void)[] = []
  homes.network.around = (call, send) =>
    call.to === 2 ? new Promise((_, reject) => hanging.push(reject)) : send()
  const take = async (name: string, type: string, object: string) => {
    const actor = `https://other.example/users/${name}`
    const id = `${actor}/${type}`
    const body = JSON.stringify({ id, type, actor, object, to: 'as:Public' })
    await home.db
      .insertInto('intake')
      .values({ activity_uri: id, actor_uri: actor, recipient: null, body })
      .execute()
    home.wake.soon('intake')
  }
  const followers = async () =>
    (
      await home.db
        .selectFrom('follows')
        .select('follower_id')
        .where('followee_id', '=', homes.person('ana').id)
        .execute()
    ).map(({ follower_id }) => follower_id)

  const worker = startIntake(home, () => 0.5)
  await take('zoe', 'Announce', `${origin}/users/ben/posts/1`)
  await expect.poll(() => hanging.length).toBe(1)
  const came: string[] = []
  for (const name of ['yan', 'sue']) {
    came.push(await stranger(home, name))
    await take(name, 'Follow', `${origin}/users/ana`)
    await expect.poll(followers, { timeout: 4_000 }).toEqual(came)
  }
  let stopped = false
  const stopping = worker.stop().then(() => {
    stopped = true
  })
  // Nothing goes on behind its back.
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(stopped).toBe(false)
  hanging[0]?.(new Error('no answer'))
  await stopping
  expect(await home.db.selectFrom('intake').select(['activity_uri', 'lease', 'attempts']).execute()).toEqual([
    { activity_uri: 'https://other.example/users/zoe/Announce', lease: null, attempts: 1 },
  ])
})
