// A member of one community, and people of another, who go on writing to each other whatever happens to her home.
import sharp from 'sharp'
import { follow, unfollow } from '../../instance/members/follow.ts'
import { editPost } from '../../instance/posts/edit.ts'
import { boost, like, unboost, unlike } from '../../instance/posts/react.ts'
import { deletePost } from '../../instance/posts/remove.ts'
import { writePost } from '../../instance/posts/write.ts'
import type { InstanceDatabase } from '../../instance/store/database.ts'
import { until } from '../faults/load.ts'
import { must } from '../postgres/lives.ts'
import { join, PASSWORD, type TestMember } from '../postgres/people.ts'
import type { Fields } from '../visitor/form.ts'
import { type Page, visitor } from '../visitor/visitor.ts'
import type { LiveCommunity } from '../world/community.ts'

export type Across = {
  /**
   * What people do at this time. Ben likes, boosts and answers one post of hers, takes it back for another, writes,
   * changes and deletes; somebody new follows her, who stops at the time after this one. All has come.
   */
  abroad(time: string): Promise<void>
  /** What she does at this time: change a post, delete one, like and boost one of Ben's, write. */
  atHome(time: string): Promise<void>
  /** Nothing is on its way any more. */
  settled(): Promise<void>
}

/** Ana of `garden` and Ben of `shore`, a community of one home, follow each other, and have posts for each time. */
export async function openAcross(
  garden: LiveCommunity,
  shore: LiveCommunity,
  times: readonly string[],
): Promise<Across> {
  const there = shore.running(1).instance
  const ana = visitor(garden.site)
  const ben = await join(there, 'ben')
  const fans: TestMember[] = []
  for (const index of times.keys()) fans.push(await join(there, `fan${index}`))
  const fan = (index: number) => fans[index] ?? ben

  const homes = [...garden.databases.homes.values(), ...shore.databases.homes.values()]
  // From where things leave to where they come, one after the other, or what goes from one to the next meanwhile is in
  // none of them; and twice, for what is taken in may be answered.
  const settled = () =>
    until('nothing is on its way', async () => {
      for (const _ of ['once', 'again'])
        for (const table of ['deliveries', 'spool', 'intake'] as const)
          for (const { db } of homes) if ((await onTheWay(db, [table])) > 0) return false
      return true
    })
  const send = async (page: Page, form: string, fields: Fields = {}) => {
    const { status } = await ana.submit(page, form, fields)
    if (status !== 200) throw new Error(`${form} of ${page.path} was answered with ${status}`)
  }
  const write = async (text: string) =>
    send(await ana.get('/compose'), '/posts', { text, visibility: 'public' })
  const say = async (text: string, replyTo?: string) =>
    must(await writePost(there, ben, { text, visibility: 'public', ...(replyTo && { replyTo }) }))
  /** As the shore has it. */
  const post = (text: string) =>
    there.db
      .selectFrom('posts')
      .select(['id', 'uri'])
      .where('content_html', '=', `<p>${text}</p>`)
      .executeTakeFirstOrThrow()
  const reactTo = async (text: string, verbs: readonly (typeof like)[]) => {
    const { id } = await post(text)
    for (const verb of verbs) must(await verb(there, ben, id))
  }
  const held = () =>
    there.db.selectFrom('accounts').select('id').where('domain', '=', garden.domain).executeTakeFirstOrThrow()

  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#363' } })
  const picture = new Blob([new Uint8Array(await image.png().toBuffer())])
  await send(await ana.get('/sign-up'), '/sign-up', { handle: 'ana', password: PASSWORD })
  await send(await ana.get('/settings/profile'), '/settings/profile', { display_name: 'Ana', picture })
  await send(await ana.get(`/search?q=${encodeURIComponent(`@ben@${shore.domain}`)}`), '/follow')
  await settled()
  must(await follow(there, ben, (await held()).id))
  await settled()
  for (const time of times) {
    for (const what of ['Liked', 'Changed', 'Deleted', 'Taken']) await write(`${what} ${time}`)
    for (const what of ['Tide', 'Turn', 'Wreck']) await say(`${what} ${time}`)
  }
  await settled()
  for (const time of times) await reactTo(`Taken ${time}`, [like, boost])
  await settled()
  return {
    settled,
    abroad: async (time) => {
      await reactTo(`Liked ${time}`, [like, boost])
      await reactTo(`Taken ${time}`, [unlike, unboost])
      must(await editPost(there, ben, (await post(`Turn ${time}`)).id, { text: `Turned ${time}` }))
      must(await deletePost(there, ben, (await post(`Wreck ${time}`)).id))
      await say(`Answer ${time}`, (await post(`Liked ${time}`)).id)
      await say(`News ${time}`)
      const her = (await held()).id
      must(await follow(there, fan(times.indexOf(time)), her))
      if (time !== times[0]) must(await unfollow(there, fan(times.indexOf(time) - 1), her))
      await until('the garden has taken it', async () => (await onTheWay(there.db, ['deliveries'])) === 0)
    },
    atHome: async (time) => {
      const pageOf = async (text: string) => `/@ana/${(await post(text)).uri.split('/').at(-1)}`
      const changed = (await pageOf(`Changed ${time}`)).replace('@ana', 'posts')
      await send(await ana.get(`${changed}/edit`), '/edit', { text: `Changed since ${time}` })
      await send(await ana.get(await pageOf(`Deleted ${time}`)), '/delete')
      const { uri } = await post(`Tide ${time}`)
      const tide = await ana.get(`/search?q=${encodeURIComponent(uri)}`)
      await send(tide, '/like')
      await send(tide, '/boost')
      await write(`Said ${time}`)
    },
  }
}

/** Activities that were not applied, handed over or delivered yet. */
async function onTheWay(
  db: InstanceDatabase,
  tables: readonly ('intake' | 'spool' | 'deliveries')[],
): Promise<number> {
  let sum = 0
  for (const table of tables) {
    const rows = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<string>().as('n'))
      .execute()
    sum += Number(rows[0]?.n)
  }
  return sum
}
