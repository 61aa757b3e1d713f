// A driver or an instance that dies, or loses an answer, anywhere on the way: whoever takes the move up next ends it.
import { type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Step } from '../../../instance/directory/moves/move.ts'
import { readMove } from '../../../instance/directory/moves/read.ts'
import { columnsOf } from '../../../instance/move/rows/columns.ts'
import { digestsOf } from '../../../instance/move/rows/digest.ts'
import { inSnapshot } from '../../../instance/move/rows/export.ts'
import type { DirectoryTables, InstanceTables } from '../../../instance/store/database.ts'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { type FaultKind, faultyDatabase, openGate } from '../../../test/postgres/faults.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { BROUGHT, live, must, notesOfHome } from '../../../test/postgres/lives.ts'
import { callThrough, type Mover, makeMover } from '../../../test/postgres/moves.ts'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import { type Driven, drive } from './drive.ts'

let community: TestCommunity
let homes: TestInstance[]
let mover: Mover
let ana: TestMember
let home = 1
const network = makeTestSiblings()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 2 })
  homes = await Promise.all([1, 2].map((n) => makeInstance(homeOf(community, n), n, network)))
  mover = makeMover(community, network)
  ana = await join(at(1), 'ana')
  await live(at(1), ana, 'ana')
})
afterAll(async () => {
  await mover.close()
  for (const one of homes) await one.close()
  await community.close()
})

const at = (ordinal: number) => {
  const one = homes[ordinal - 1]
  if (!one) throw new Error(`no home ${ordinal}`)
  return one.instance
}
/** Who has how much where: the epoch is the directory's business, deliveries are numbered anew. */
const belongings = async (ordinal: number) => {
  const found = await inSnapshot(at(ordinal).db, async (tx) =>
    digestsOf(tx, ana.id, BROUGHT, await columnsOf(at(ordinal).db)),
  )
  return { ...found, members: found.members?.count, deliveries: found.deliveries?.count, post_aliases: 0 }
}
/** Takes the move up until it is over, and holds everything against what it was. Returns how it ended. */
async function finish(id: string, before: unknown): Promise<Driven> {
  let driven: Driven = { is: 'later', code: '' }
  for (let tries = 0; driven.is === 'later' && tries < 5; tries++) driven = await mover.drive(id)
  const target = 3 - home
  if (driven.is === 'done') home = target
  const rows = await Promise.all(
    [1, 2].map((n) => at(n).db.selectFrom('members').select('state').where('id', '=', ana.id).execute()),
  )
  expect(rows[home - 1]).toEqual([{ state: 'active' }])
  expect(rows[2 - home]).toEqual([])
  expect(await belongings(home)).toEqual(before)
  if (driven.is === 'done') expect(await notesOfHome(at(home), ana.id)).toBe(1)
  const known = await at(home).homes.freshById(ana.id)
  expect(known?.home).toBe(home)
  const seats = await community.directory.selectFrom('instances').select('taken').orderBy('ordinal').execute()
  expect(seats.map(({ taken }) => taken)).toEqual(home === 1 ? [1, 0] : [0, 1])
  return driven
}

describe('a call', () => {
  const CALLS = 14
  test('is lost on its way there, or on its way back, whichever it is', async () => {
    const ends = new Set<string>()
    let most = 0
    for (let n = 0; n < CALLS; n++) {
      for (const lost of ['request', 'answer'] as const) {
        const before = await belongings(home)
        const begun = must(await mover.begin(ana.id, 3 - home))
        let count = 0
        const call: Mover['deps']['call'] = async (...args) => {
          most = Math.max(most, count)
          const here = count++ === n
          if (here && lost === 'request') throw new Error('lost')
          const answer = await mover.deps.call(...args)
          if (here) throw new Error('lost')
          return answer
        }
        await mover.drive(begun.id, { call }).catch((error: Error) => expect(error.message).toBe('lost'))
        ends.add((await finish(begun.id, before)).is)
      }
    }
    expect(ends).toEqual(new Set(['done']))
    // Every call of a move was lost once.
    expect(most).toBeLessThan(CALLS)
  })
})

describe('everybody dies, or loses an answer of PostgreSQL, at a statement', () => {
  /** A driver and two instances whose statements all go through one gate. */
  async function run(id: string, fault: { at: number; kind: FaultKind } | undefined) {
    const gate = openGate()
    const faulty = makeTestSiblings()
    const directory = faultyDatabase<DirectoryTables>(community.adminUrls.directory, gate)
    const dbs = [1, 2].map((n) => faultyDatabase<InstanceTables>(community.homes.get(n)?.url ?? '', gate))
    const shared = faultyDatabase<DirectoryTables>(community.directoryUrl, gate)
    const instances: TestInstance[] = []
    for (const [index, db] of dbs.entries()) {
      instances.push(
        await makeInstance({ domain: community.domain, directory: shared, db }, index + 1, faulty),
      )
    }
    gate.count = 0
    if (fault) Object.assign(gate, fault)
    const driven = await drive({ ...mover.deps, directory, call: callThrough(faulty) }, id).catch(
      (error: unknown) => error,
    )
    const statements = gate.count
    gate.dead = true
    for (const one of instances) await one.close()
    await Promise.all([directory, shared, ...dbs].map((db) => db.destroy()))
    return { driven, statements }
  }

  const KINDS: readonly FaultKind[] = ['crash-before', 'crash-after', 'lost-before', 'lost-after']
  /** How many places of a move are tried, each with another kind. */
  const PLACES = 21

  test('and the move is taken up again', async () => {
    let before = await belongings(home)
    const whole = must(await mover.begin(ana.id, 3 - home))
    const { driven, statements } = await run(whole.id, undefined)
    expect(driven).toEqual({ is: 'done' })
    expect((await finish(whole.id, before)).is).toBe('done')
    const ends: string[] = []
    for (let place = 0; place < PLACES; place++) {
      const n = 1 + Math.round((place * (statements - 1)) / PLACES)
      before = await belongings(home)
      const begun = must(await mover.begin(ana.id, 3 - home))
      await run(begun.id, { at: n, kind: KINDS[ends.length % KINDS.length] ?? 'crash-before' })
      ends.push((await finish(begun.id, before)).is)
    }
    expect(new Set(ends)).toEqual(new Set(['done']))
  })
})

describe('two drivers', () => {
  test('of whom the first wakes up late: it can do nothing any more, at neither home nor in the directory', async () => {
    const before = await belongings(home)
    const begun = must(await mover.begin(ana.id, 3 - home))
    let wake = () => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    const late = mover.drive(begun.id, {
      call: async (ordinal, path, options) => {
        // Just before it would have frozen her.
        if (path.endsWith('/freeze')) await asleep
        return mover.deps.call(ordinal, path, options)
      },
    })
    await expect.poll(async () => (await readMove(community.directory, begun.id))?.step).toBe('quiesced')
    expect((await finish(begun.id, before)).is).toBe('done')
    wake()
    expect(await late).toEqual({ is: 'later', code: 'move-overtaken' })
    expect(await belongings(home)).toEqual(before)
  })

  test('of whom the first froze nobody yet: the call of its attempt is refused once a later one was heard', async () => {
    const before = await belongings(home)
    const begun = must(await mover.begin(ana.id, 3 - home))
    await mover.driveTo(begun.id, 'quiesced')
    const ask = (verb: string, attempt: number) =>
      mover.deps.call(home, `/internal/moves/${verb}`, { method: 'POST', body: { move: begun.id, attempt } })
    expect((await ask('quiesce', 2)).body).toMatchObject({ state: 'quiet' })
    expect((await ask('freeze', 1)).body).toMatchObject({ code: 'move-overtaken' })
    const row = await at(home)
      .db.selectFrom('members')
      .select('state')
      .where('id', '=', ana.id)
      .executeTakeFirst()
    expect(row).toEqual({ state: 'active' })
    expect((await finish(begun.id, before)).is).toBe('done')
  })

  test('at the same time: one of them ends it, and nothing is doubled', async () => {
    const before = await belongings(home)
    const begun = must(await mover.begin(ana.id, 3 - home))
    await Promise.allSettled([mover.drive(begun.id), mover.drive(begun.id), mover.drive(begun.id)])
    await finish(begun.id, before)
  })

  test('one of whom undoes it: late calls begin nothing again', async () => {
    const begun = must(await mover.begin(ana.id, 3 - home))
    const bodies: unknown[] = []
    const died = new Error('died')
    await mover
      .drive(begun.id, {
        call: (_ordinal, _path, options) => {
          bodies.push(options?.body)
          return Promise.reject(died)
        },
      })
      .catch((error: unknown) => expect(error).toBe(died))
    expect(await mover.abandon(begun.id, 'wanted')).toBe(true)
    expect(await mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
    for (const [ordinal, verb] of [
      [3 - home, 'stage'],
      [home, 'subscribe'],
      [home, 'freeze'],
      [3 - home, 'activate'],
    ] as const) {
      const { body } = await mover.deps.call(ordinal, `/internal/moves/${verb}`, {
        method: 'POST',
        body: bodies[0],
      })
      expect([verb, body]).toEqual([verb, expect.objectContaining({ kind: 'refusal' })])
    }
  })
})

describe('two copies that differ move nobody', () => {
  /** Does something to the staged copy when the move has come so far, and drives on. */
  async function spoilt(step: Step, spoil: (move: string) => RawBuilder<unknown>) {
    const begun = must(await mover.begin(ana.id, 3 - home))
    await mover.driveTo(begun.id, step)
    await spoil(begun.id).execute(at(3 - home).db)
    return mover.drive(begun.id)
  }
  const SPOILT: readonly [string, (move: string) => RawBuilder<unknown>][] = [
    [
      'a row changed',
      (move) => sql`UPDATE carried.posts SET content_html = 'x' WHERE move = ${move}::bigint`,
    ],
    ['a row lost', (move) => sql`DELETE FROM carried.follows WHERE move = ${move}::bigint`],
    ['a picture lost', () => sql`DELETE FROM media WHERE member_id = ${ana.id}::bigint`],
    [
      'a row too many',
      (move) => sql`INSERT INTO carried.tombstones (move, uri, actor_uri, member_id, created_at)
        VALUES (${move}::bigint, 'more', 'more', ${ana.id}::bigint, now())`,
    ],
  ]
  // All is compared before the freeze, and after it whatever changed since: at the one home or at the other.
  test.each(
    SPOILT.flatMap(([how, spoil]) =>
      (['copied', 'frozen'] as const).map((step) => [how, step, spoil] as const),
    ),
  )('%s, %s', async (_how, step, spoil) => {
    expect(await spoilt(step, spoil)).toEqual({ is: 'undone', code: 'copies-differ' })
  })
})

test('a source shows its rows to nobody but the target that the directory names', async () => {
  const begun = must(await mover.begin(ana.id, 3 - home))
  await mover.driveTo(begun.id, 'copied')
  const page = { move: begun.id, attempt: 9, at: { part: 0, after: null } }
  const { body } = await mover.deps.call(home, '/internal/moves/page', { method: 'POST', body: page })
  expect(body).toMatchObject({ code: 'forbidden' })
  const asTarget = await at(3 - home).siblings.call(home, '/internal/moves/page', {
    method: 'POST',
    body: page,
  })
  expect(asTarget.body).toMatchObject({ next: null })
  await mover.abandon(begun.id, 'wanted')
})
