// A sign-up that was committed in moments that the directory lost, and repeated at another instance: two have one name.
import { describe, expect, test } from 'vitest'
import type { Step } from '../../../instance/directory/moves/move.ts'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { actorAddresses } from '../../../instance/federation/documents/addresses.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { rebuildDirectory } from '../../../operator/rebuild/perform.ts'
import type { Someone } from '../model.ts'
import { fetchPage } from '../run/look.ts'
import { begin } from '../world/fixture.ts'
import { restorable } from './restorable.ts'

const town = restorable(3)

const keep = () => town.keep('directory')
const failOver = () => town.putBack('directory')

/** As a sign-up that was committed leaves it. */
async function signUp(ordinal: number, id: string): Promise<Someone> {
  const { actor, profile, inbox } = actorAddresses(town.world.origin, 'dora')
  await town.world.directory.query(
    "INSERT INTO members (id, handle, home, state, activated_at) VALUES ($1, 'dora', $2, 'active', now())",
    [id, ordinal],
  )
  const { admin } = town.world.pod(ordinal)
  await admin.query(
    "INSERT INTO accounts (id, uri, handle, url, inbox, actor_json) VALUES ($1, $2, 'dora', $3, $4, $5)",
    [id, actor, profile, inbox, JSON.stringify({ id: actor })],
  )
  await admin.query(
    "INSERT INTO members (id, handle, state, password_hash) VALUES ($1, 'dora', 'active', '')",
    [id],
  )
  await refresh()
  return { id, handle: 'dora' }
}

async function refresh(): Promise<void> {
  for (const { instance } of town.world.pods) await instance.homes.refresh()
}

const rebuild = (givenUp?: string) => rebuildDirectory(town.server, town.order(givenUp))

/** What it says when it refuses. */
const refused = (givenUp?: string) =>
  rebuild(givenUp).then(
    () => '',
    (error: Error) => error.message,
  )
const codeIn = (said: string) =>
  /kubectl -n town annotate --overwrite community garden hamlet\.coop\/give-up-namesakes=(\w+)$/.exec(
    said,
  )?.[1] ?? ''

/** What goes on by itself once the directory is whole. */
async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    for (const { home, instance } of town.world.pods) {
      await home.reboot()
      await instance.homes.refresh()
      await tendMoves(instance, { frozenMs: 0 })
      await repairHome(instance)
    }
    for (const { id } of await openMoves(town.world.drive.directory)) await drive(town.world.drive, id)
  }
  expect(town.world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([false, false, false])
}

/** Ordinals of the homes that have any row of theirs. */
async function knownAt({ id }: Someone): Promise<number[]> {
  const found = await Promise.all(
    town.world.pods.map(({ admin }) => admin.query('SELECT FROM accounts WHERE id = $1', [id])),
  )
  return found.flatMap(({ rowCount }, index) => (rowCount ? [index + 1] : []))
}

async function move(id: string, target: number, last?: Step): Promise<void> {
  await town.driveTo((await town.begin(id, target)).id, last)
}

async function start() {
  const { people } = await begin(town.world, {
    homes: { ana: 1, ben: 2, cem: 3 },
    follows: [
      ['ben', 'ana'],
      ['cem', 'ben'],
    ],
  })
  await keep()
  const base = BigInt(people[0]?.id ?? 0)
  return { people, first: String(base + 100n), second: String(base + 200n) }
}

/** All are where they were, and the one who was kept lives as anybody does. */
async function whole(people: readonly Someone[], one: Someone, home: number, other: Someone): Promise<void> {
  await settle()
  expect(await Promise.all([...people, one, other].map((person) => town.acceptors(person)))).toEqual([
    [1],
    [2],
    [3],
    [home],
    [],
  ])
  expect(await knownAt(other)).toEqual([])
  const { rows } = await town.world.directory.query(
    `SELECT (SELECT id FROM members WHERE handle = 'dora') AS id, taken FROM instances ORDER BY ordinal`,
  )
  expect(rows).toEqual([1, 2, 3].map((ordinal) => ({ id: one.id, taken: ordinal === home ? 2 : 1 })))
  for (const { ordinal } of town.world.pods)
    expect(await fetchPage(town.world, ordinal, '/users/dora')).toMatchObject({ status: 200 })
}

describe.each(['the second', 'neither'] as const)('the directory knows %s', (known) => {
  test('of two who have one name one is given up by the code that stands for them, and by no other', async () => {
    const { people, first, second } = await start()
    const lost = await signUp(1, first)
    // Where they were looked up before.
    await town.world.pod(3).admin.query(
      `INSERT INTO accounts (id, uri, handle, url, inbox, fetched_at)
       VALUES ($1, $2, 'dora', '', '', now())`,
      [first, actorAddresses(town.world.origin, 'dora').actor],
    )
    await failOver()
    const later = await signUp(2, second)
    if (known === 'neither') await failOver()
    await refresh()
    const said = await refused()
    expect(said).toContain('one name is held by different members, of the instances 1 and 2')
    expect(said).not.toContain('dora')
    expect(await refused('another')).toBe(said)
    await rebuild(codeIn(said))
    if (known === 'neither') await whole(people, lost, 1, later)
    else await whole(people, later, 2, lost)
    // Where the other one lived is room for them.
    if (known === 'neither') await move(lost.id, 2)
    else await move(later.id, 1)
    expect(await town.acceptors(known === 'neither' ? lost : later)).toEqual([known === 'neither' ? 2 : 1])
  })
})

test.each(['copied', 'frozen', 'verified', 'activated'] as const)(
  'whoever is given up was on the way elsewhere: %s',
  async (step) => {
    const { people, first, second } = await start()
    const lost = await signUp(1, first)
    await move(lost.id, 3, step)
    await failOver()
    const later = await signUp(2, second)
    await rebuild(codeIn(await refused()))
    await whole(people, later, 2, lost)
  },
)

test('somebody who lives is kept before somebody whom the directory knew and nobody has', async () => {
  const { people, first, second } = await start()
  const living = await signUp(2, second)
  await failOver()
  const lost = await signUp(1, first)
  // As in a copy of that home from before the sign-up.
  await town.world
    .pod(1)
    .admin.query(`DELETE FROM members WHERE id = ${first}; DELETE FROM accounts WHERE id = ${first}`)
  await refresh()
  await rebuild(codeIn(await refused()))
  await whole(people, living, 2, lost)
})

test('a home that is put back to before knows the one who was given up again, and lets them go again', async () => {
  const { people, first, second } = await start()
  const lost = await signUp(1, first)
  await town.keep(1)
  await failOver()
  const later = await signUp(2, second)
  await rebuild(codeIn(await refused()))
  await whole(people, later, 2, lost)
  await town.putBack(1)
  await whole(people, later, 2, lost)
})
