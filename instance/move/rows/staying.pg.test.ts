// A table that belongs to a member travels with them. Which ones do is read from the schema; whoever calls one of them
// not carried must give a reason, and the reasons are tried here on real rows.
import { readFile } from 'node:fs/promises'
import prisma from '@prisma/internals'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { stranger } from '../../../test/postgres/people.ts'
import type { InstanceDatabase } from '../../store/database.ts'
import { KV, ofHome, ofMember } from '../../store/kv.ts'
import { CARRIED, NOT_CARRIED, type Staying } from './carried.ts'

const homes = neighbourhood({ homes: 2, domain: 'garden.example', people: ['ana', 'ben'] })
const { at, person, round } = homes

type ForeignKey = { readonly table: string; readonly to: string }

/** Words in the name of a column that speak of somebody or of something of theirs. */
const PERSONAL =
  /(^|_)(account|actor|author|by|followee|follower|handle|hash|key|member|owner|person|post|reader|recipient|uri|user)s?(_|$)/
/** Numbers of the database's own, and no ids. */
const COUNTS = ['home.directory_revision']

/**
 * What ties each table of a Prisma schema to people and posts: foreign keys and relations, through other tables too; ids;
 * columns whose names speak of people; and JSON, which may hold anything. Tables without such a tie are left out.
 */
async function tiesOf(datamodel: string, keys: readonly ForeignKey[]): Promise<Map<string, string[]>> {
  const { models } = (await prisma.getDMMF({ datamodel })).datamodel
  const ties = new Map<string, string[]>()
  const tie = (table: string, by: string) => ties.set(table, [...(ties.get(table) ?? []), by])
  const leads = [...keys]
  for (const { name: table, fields } of models) {
    for (const { name, type, kind, default: given } of fields) {
      const numbered = typeof given === 'object' && 'name' in given && given.name === 'autoincrement'
      const isId = type === 'BigInt' && !numbered && !COUNTS.includes(`${table}.${name}`)
      if (kind === 'object') leads.push({ table, to: type })
      else if (isId || type === 'Json' || PERSONAL.test(name)) tie(table, name)
    }
  }
  for (let before = -1; before !== ties.size; ) {
    before = ties.size
    for (const { table, to } of leads) if (ties.has(to) && !ties.has(table)) tie(table, `→ ${to}`)
  }
  return ties
}

async function foreignKeys(db: InstanceDatabase): Promise<ForeignKey[]> {
  const { rows } = await sql<ForeignKey>`
    SELECT c.conrelid::regclass::text AS table, c.confrelid::regclass::text AS to
    FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace`.execute(db)
  return rows
}

const readSchema = () => readFile(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8')
const staying = (reason: Staying) => Object.keys(NOT_CARRIED).filter((table) => NOT_CARRIED[table] === reason)

test('only what the schema ties to nobody is a home’s own, and every other table gives a reason', async () => {
  const ties = await tiesOf(await readSchema(), await foreignKeys(at(1).db))
  const tied = [...ties.keys()].toSorted()
  const spokenFor = [...CARRIED.map(({ table }) => table), ...staying('work'), ...staying('directory')]
  expect(tied).toEqual(spokenFor.toSorted())
  for (const table of staying('home')) expect([table, ties.get(table)]).toEqual([table, undefined])
})

const model = (name: string, ...lines: readonly string[]) => `\nmodel ${name} {\n${lines.join('\n')}\n}\n`

test.each([
  ['names its member', ['id Int @id', 'member_id BigInt'], ['member_id']],
  ['has an id in it', ['whose BigInt @id'], ['whose']],
  ['has what somebody did as JSON', ['id Int @id', 'what Json'], ['what']],
  ['names its member in words', ['id Int @id', 'owner String'], ['owner']],
])('a table that is added later and %s is somebody’s', async (_, lines, by) => {
  expect((await tiesOf((await readSchema()) + model('later', ...lines), [])).get('later')).toEqual(by)
})

test('so is one that leads to them by a foreign key or a relation, through another one too', async () => {
  const schema = [
    await readSchema(),
    model('later', 'id Int @id', 'rank Int', 'more more?'),
    model('more', 'id Int @id', 'later later @relation(fields: [id], references: [id])'),
    model('other', 'id Int @id', 'size Int'),
  ].join('')
  const found = await tiesOf(schema, [{ table: 'later', to: 'posts' }])
  expect([found.get('later'), found.get('more'), found.get('other')]).toEqual([
    ['→ posts'],
    ['→ later'],
    undefined,
  ])
})

/** A row of a table that is work, which says of a stranger that she follows somebody who is to move. */
const WORK: Readonly<Record<string, (db: InstanceDatabase, row: ReturnType<typeof followed>) => unknown>> = {
  intake: (db, row) => db.insertInto('intake').values(row).execute(),
  spool: (db, row) =>
    db
      .insertInto('spool')
      .values({ ...row, ordinal: 2 })
      .execute(),
}
const followed = (by: string, handle: string) => {
  const actor_uri = `https://other.example/users/${by}`
  const object = `https://garden.example/users/${handle}`
  const body = { id: `${actor_uri}/follows/${handle}`, type: 'Follow', actor: actor_uri, object }
  return { activity_uri: body.id, actor_uri, recipient: handle, body: JSON.stringify(body) }
}

test('work is done after its member has gone: nothing of it is left, and all of it counts where they are', async () => {
  const ana = person('ana')
  for (const table of staying('work')) {
    const zoe = `zoe_${table}`
    for (const n of [1, 2]) await stranger(at(n), zoe)
    await WORK[table]?.(at(1).db, followed(zoe, ana.handle))
  }
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 2]) await round(n)
  for (const table of staying('work')) {
    const left = await sql`SELECT FROM ${sql.table(table)}`.execute(at(1).db)
    expect([table, left.rows.length]).toEqual([table, 0])
  }
  const followers = await at(2)
    .db.selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', 'follower_id')
    .select('accounts.handle')
    .where('followee_id', '=', ana.id)
    .execute()
  expect(followers.map(({ handle }) => handle).toSorted()).toEqual(
    staying('work')
      .map((table) => `zoe_${table}`)
      .toSorted(),
  )
})

test('what is said to be in the directory is there, row by row', async () => {
  const ties = await tiesOf(await readSchema(), [])
  expect(await homes.mover.move(person('ben').id, 2)).toEqual({ is: 'done' })
  const { directory } = homes.community
  for (const table of staying('directory')) {
    const { rows: both } = await sql<{ column: string }>`
      SELECT attname AS column FROM pg_attribute WHERE attrelid = ${table}::regclass AND attnum > 0`.execute(
      directory,
    )
    const columns = both.map(({ column }) => column).filter((column) => ties.get(table)?.includes(column))
    const list = sql.join(columns.map((column) => sql.id(column)))
    const read = async (db: Parameters<ReturnType<typeof sql>['execute']>[0]) =>
      (
        await sql<{ row: string }>`SELECT to_jsonb(r)::text AS row
        FROM (SELECT ${list} FROM ${sql.table(table)}) AS r`.execute(db)
      ).rows.map(({ row }) => row)
    const there = await read(directory)
    for (const n of [1, 2]) {
      const here = await read(at(n).db)
      expect([table, here.length > 0, here.filter((row) => !there.includes(row))]).toEqual([table, true, []])
    }
  }
})

test('of the small values a member’s go with them, whichever their kind, and a home’s stay', async () => {
  const who = { ...person('ben'), epoch: 2 }
  const named = (Object.keys(KV) as (keyof typeof KV)[]).map((kind) =>
    kind === 'key' ? ofHome(kind, 'a') : ofMember(kind, who.id, 'a'),
  )
  const there = async (n: number) => {
    const rows = await at(n).db.selectFrom('kv').select('key').where('key', 'in', named).execute()
    return rows.map(({ key }) => key).toSorted()
  }
  for (const key of named) {
    const expires_at = new Date(at(2).clock().getTime() + 3_600_000)
    await at(2).db.insertInto('kv').values({ key, value: '1', expires_at }).execute()
  }
  expect(await homes.mover.move(who.id, 1)).toEqual({ is: 'done' })
  const own = named.filter((key) => KV[key.split(':')[0] as keyof typeof KV] === 'member')
  expect([await there(1), await there(2)]).toEqual([
    own.toSorted(),
    named.filter((key) => !own.includes(key)),
  ])
})
