// Several databases are put back before anybody notices, each to a moment of its own, as when a whole server is restored
// from dumps that were taken one after the other: nobody ever writes at two homes, whoever is in any of the dumps is at
// home somewhere in the end, and whoever is in none is missed where it can be said.
import { describe, expect, test } from 'vitest'
import type { Step } from '../../../instance/directory/moves/move.ts'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { actorAddresses } from '../../../instance/federation/documents/addresses.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import type { Someone } from '../model.ts'
import { begin } from '../world/fixture.ts'
import { accepting, type Copy, copyOf, misreported, putBack, rebuild, verify } from '../world/restored.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

/** When a dump was taken: before she signed up at 1, before she moved to 2, or when that move stood there. */
const MOMENTS = ['unborn', 'before', 'copied', 'frozen', 'verified', 'switched', 'activated', 'done'] as const
type Moment = (typeof MOMENTS)[number]
const WHICH = ['directory', 1, 2] as const

type Dumps = ReadonlyMap<string, Copy>
let dumps: Promise<{ readonly dora: Someone; readonly at: Dumps }> | undefined

/** What is dumped at every moment of her life. */
async function live(): Promise<{ readonly dora: Someone; readonly at: Dumps }> {
  const { people } = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
  const at = new Map<string, Copy>()
  const dump = async (moment: Moment) => {
    for (const which of WHICH) at.set(`${moment} ${which}`, await copyOf(town.world, which))
  }
  await dump('unborn')
  const dora = { id: String(BigInt(people[0]?.id ?? 0) + 500n), handle: 'dora' }
  await signUp(dora)
  await dump('before')
  const { id } = await town.begin(dora.id, 2)
  await town.driveTo(id, undefined, async (step: Step) => {
    const moment = MOMENTS.find((one) => one === step)
    if (moment) await dump(moment)
  })
  return { dora, at }
}

/** As a sign-up that was committed leaves it. */
async function signUp({ id, handle }: Someone): Promise<void> {
  const { actor, profile, inbox } = actorAddresses(town.world.origin, handle)
  await town.world.directory.query(
    "INSERT INTO members (id, handle, home, state, activated_at) VALUES ($1, $2, 1, 'active', now())",
    [id, handle],
  )
  await town.world.directory.query('UPDATE meta SET revision = revision + 1')
  const { admin } = town.world.pod(1)
  await admin.query(
    'INSERT INTO accounts (id, uri, handle, url, inbox, actor_json) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, actor, handle, profile, inbox, JSON.stringify({ id: actor })],
  )
  await admin.query("INSERT INTO members (id, handle, state, password_hash) VALUES ($1, $2, 'active', '')", [
    id,
    handle,
  ])
}

type Put = Readonly<Record<(typeof WHICH)[number], Moment>>

/** Everybody is cut off, all is put back, and the pods start in this order. Gives what goes wrong. */
async function putAllBack(put: Put, order: readonly number[]): Promise<string[]> {
  dumps ??= live()
  const { dora, at } = await dumps
  const { world } = town
  const wrong = new Set<string>()
  const oneHome = async (when: string) => {
    if ((await accepting(world, dora.id)).length > 1) wrong.add(`two homes ${when}`)
  }
  for (const { process } of world.pods) process.life.dead = true
  for (const which of WHICH) {
    const copy = at.get(`${put[which]} ${which}`)
    if (!copy) throw new Error('no such dump')
    await putBack(world, which, copy, { goesOn: false })
  }
  for (const ordinal of order) {
    const { process, instance } = world.pod(ordinal)
    await world.restart(process)
    await oneHome(`when ${ordinal} has started`)
    await tendMoves(instance)
    await oneHome(`when ${ordinal} has tended its moves`)
  }
  await goOn(oneHome)
  if ((await openMoves(world.drive.directory)).length > 0) wrong.add('a move stays open')
  if (world.pods.some(({ instance }) => instance.homes.regressed)) wrong.add('the directory is never whole')
  for (const said of await misreported(world)) wrong.add(said)
  const { rows } = await world.directory.query<{ home: number }>(
    "SELECT home FROM members WHERE id = $1 AND state = 'active'",
    [dora.id],
  )
  const lives = await accepting(world, dora.id)
  const known = rows.map(({ home }) => home)
  // What is staged is all of her once it was compared.
  const dumped = put[1] !== 'unborn' || MOMENTS.indexOf(put[2]) >= MOMENTS.indexOf('verified')
  if (dumped && String(lives) !== String(known)) wrong.add(`lives at ${lives}, and known to at ${known}`)
  // Then it was said above that she is missing there.
  if (!dumped && put.directory !== 'unborn' && known.length === 0) wrong.add('forgotten')
  return [...wrong]
}

/** What homes, a driver and the operator do all the time, until all has settled. */
async function goOn(looked: (when: string) => Promise<void>): Promise<void> {
  const { world } = town
  const verified = new Map<number, number>()
  for (let round = 0; round < 4; round++) {
    for (const { ordinal, instance } of world.pods) {
      await instance.homes.refresh()
      await tendMoves(instance, { frozenMs: 0 })
      await looked(`when ${ordinal} goes on`)
    }
    // Once is enough: whoever finds it old again afterwards would find it so for ever.
    if (round < 2) await rebuild(world)
    for (const pod of world.pods) {
      await pod.instance.homes.refresh()
      const { incarnation } = pod.instance.homes
      if (verified.get(pod.ordinal) !== incarnation && (await verify(pod)))
        verified.set(pod.ordinal, incarnation)
      await repairHome(pod.instance)
      await looked(`when ${pod.ordinal} is repaired`)
    }
    for (const { id } of await openMoves(world.drive.directory)) await drive(world.drive, id)
    await looked('when moves have gone on')
  }
}

/** The directory, the home that she left, the home where she came to. */
const CASES: readonly (readonly [Moment, Moment, Moment])[] = [
  // The home that she left and the directory.
  ['before', 'before', 'done'],
  ['verified', 'before', 'done'],
  ['before', 'frozen', 'done'],
  ['switched', 'copied', 'activated'],
  // The home that she came to and the directory.
  ['before', 'done', 'before'],
  ['verified', 'done', 'verified'],
  ['unborn', 'done', 'before'],
  ['unborn', 'frozen', 'activated'],
  // Both homes.
  ['done', 'before', 'before'],
  ['done', 'copied', 'verified'],
  ['done', 'unborn', 'before'],
  // Nobody but the home that she came to has her, and there she never lived.
  ['unborn', 'unborn', 'verified'],
  ['unborn', 'unborn', 'before'],
]

describe.each(CASES)('the directory of %s, homes of %s and %s', (directory, source, target) => {
  test.each([[[1, 2]], [[2, 1]]])('which start as %j', async (order) => {
    expect(await putAllBack({ directory, 1: source, 2: target }, order)).toEqual([])
  })
})
