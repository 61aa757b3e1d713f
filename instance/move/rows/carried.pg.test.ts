// A table or a column that is added later and not spoken of in carried.ts fails here, before it is left behind.
import { readFile } from 'node:fs/promises'
import prisma from '@prisma/internals'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { homeOf } from '../../../test/postgres/instances.ts'
import { CARRIED, COLUMNS, NOT_CARRIED } from './carried.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1 })
})
afterAll(() => community.close())

const home = () => homeOf(community, 1).db

/** Names that could be those of a person or of something of theirs. */
const REFERRING = /(^id|_id|_uri|_hash|^uri|^key|handle|recipient)$/

test('every table is carried, or says why it is not', async () => {
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`.execute(
    home(),
  )
  const known = [...CARRIED.map(({ table }) => table), ...Object.keys(NOT_CARRIED)]
  expect(known.toSorted()).toEqual(rows.map(({ name }) => name).toSorted())
})

test('every column of a carried table that may name a person or a thing is classified', async () => {
  const datamodel = await readFile(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8')
  const dmmf = await prisma.getDMMF({ datamodel })
  const found: Record<string, string[]> = {}
  for (const { table } of CARRIED) {
    const model = dmmf.datamodel.models.find(({ name }) => name === table)
    found[table] = (model?.fields ?? [])
      .map(({ name }) => name)
      .filter((name) => REFERRING.test(name))
      .toSorted()
  }
  const classified = Object.fromEntries(
    Object.entries(COLUMNS).map(([table, columns]) => [table, Object.keys(columns).toSorted()]),
  )
  expect(classified).toEqual(found)
})

test('columns that name accounts and posts travel with what they name', () => {
  for (const one of CARRIED) {
    const columns = Object.entries(COLUMNS[one.table] ?? {})
    const of = (what: string) =>
      columns
        .filter(([, meaning]) => meaning === what)
        .map(([name]) => name)
        .toSorted()
    expect([one.table, (one.accounts ?? []).toSorted()]).toEqual([one.table, of('account')])
    expect([one.table, (one.posts ?? []).toSorted()]).toEqual([one.table, of('post')])
  }
})

test('every foreign key to accounts and posts is known as one', async () => {
  const { rows } = await sql<{ table: string; column: string; to: string }>`
    SELECT c.conrelid::regclass::text AS table, a.attname AS column, c.confrelid::regclass::text AS to
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
    WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace`.execute(home())
  for (const { table, column, to } of rows) {
    if (table in NOT_CARRIED) continue
    const meaning = COLUMNS[table]?.[column]
    const wanted = {
      accounts: ['account', 'member'],
      posts: ['post'],
      members: ['member'],
      outbox: ['with-its-row'],
    }[to]
    expect([table, column, wanted]).toEqual([table, column, expect.arrayContaining([meaning])])
  }
})

test('every twin has the columns of its table, and every carried table notes its changes', async () => {
  const columns = async (schema: string) => {
    const { rows } = await sql<{ name: string; columns: string }>`
      SELECT c.relname AS name, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relkind = 'r' AND c.relnamespace = ${schema}::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
      GROUP BY c.relname`.execute(home())
    return new Map(rows.map((row) => [row.name, row.columns]))
  }
  const [here, twins] = await Promise.all([columns('public'), columns('carried')])
  const { rows: noting } = await sql<{ name: string }>`
    SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'note_change'`.execute(home())
  for (const { table } of CARRIED) {
    expect([table, twins.get(table)]).toEqual([table, `move bigint, ${here.get(table)}`])
  }
  expect(noting.map(({ name }) => name).toSorted()).toEqual(CARRIED.map(({ table }) => table).toSorted())
})

test('keys are the primary keys', async () => {
  const { rows } = await sql<{ table: string; key: string[]; types: string[] }>`
    SELECT c.relname AS table, array_agg(a.attname::text ORDER BY k.n) AS key,
      array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.n) AS types
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid, unnest(i.indkey) WITH ORDINALITY AS k (attnum, n), pg_attribute a
    WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND a.attrelid = i.indrelid AND a.attnum = k.attnum
    GROUP BY c.relname`.execute(home())
  for (const { table, key } of CARRIED) {
    const row = rows.find((one) => one.table === table)
    expect([table, Object.entries(key)]).toEqual([table, row?.key.map((name, n) => [name, row.types[n]])])
  }
})
