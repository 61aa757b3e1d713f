// Whoever follows no more is not sent what waits for them as a follower.
import { expect, test } from 'vitest'
import { must } from '../../../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../../../test/postgres/neighbourhood.ts'
import { outbox, stranger } from '../../../../../test/postgres/people.ts'
import { deletePost } from '../../../../posts/remove.ts'
import { writePost } from '../../../../posts/write.ts'

const homes = neighbourhood({ homes: 1, domain: 'garden.example', people: ['ana'] })
const FAR = 'https://other.example'

test('what waits for a server at which one inbox is somebody’s who no longer follows goes to the others there only', async () => {
  const [here, ana] = [homes.at(1), homes.person('ana')]
  for (const name of ['zoe', 'yan', 'sue']) {
    const id = await stranger(here, name)
    const activity_uri = `${FAR}/follows/${name}`
    await here.db
      .insertInto('follows')
      .values({ follower_id: id, followee_id: ana.id, state: 'accepted', activity_uri })
      .execute()
  }
  // GoToSocial's people have no shared inbox.
  await here.db
    .updateTable('accounts')
    .set({ shared_inbox: null })
    .where('handle', 'in', ['zoe', 'yan'])
    .execute()
  const write = async (text: string) => must(await writePost(here, ana, { text, visibility: 'public' })).id
  await write('To all')
  await write('To @zoe@other.example')
  must(await deletePost(here, ana, await write('A slip')))
  for (const name of ['zoe', 'sue']) {
    const actor_uri = `${FAR}/users/${name}`
    const object = {
      id: `${FAR}/follows/${name}`,
      type: 'Follow',
      actor: actor_uri,
      object: 'https://garden.example/users/ana',
    }
    const body = { id: `${FAR}/undo/${name}`, type: 'Undo', actor: actor_uri, object }
    await here.db
      .insertInto('intake')
      .values({ activity_uri: body.id, actor_uri, body: JSON.stringify(body) })
      .execute()
  }
  await homes.round(1)

  const [yan, zoe, shared] = [`${FAR}/users/yan/inbox`, `${FAR}/users/zoe/inbox`, `${FAR}/inbox`]
  expect((await outbox(here)).map(({ type, inboxes }) => [type, inboxes])).toEqual([
    ['Create', [shared, yan]],
    // It names her, and so is for her too.
    ['Create', [shared, yan, zoe]],
    ['Create', [shared, yan]],
    // She may have got what she was sent before.
    ['Delete', [shared, yan, zoe]],
  ])
})
