// The Prisma schemas say what the tables are for, and give the types; the SQL migrations make them. Here they are held
// against each other, and the generated types against the schemas.
import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import prisma from '@prisma/internals'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1 })
})
afterAll(() => community.close())

type Tables = Record<string, { columns: Record<string, string>; keys: string[] }>

const NATIVE: Record<string, string> = { Timestamptz: 'timestamp with time zone', Uuid: 'uuid' }
const SCALAR: Record<string, string> = {
  BigInt: 'bigint',
  Int: 'integer',
  String: 'text',
  Boolean: 'boolean',
  Bytes: 'bytea',
  Json: 'jsonb',
}

/** `type not null = default`, as both sides are written. */
function column(type: string, required: boolean, fallback: string | undefined): string {
  return `${type}${required ? ' not null' : ''}${fallback === undefined ? '' : ` = ${fallback}`}`
}
const key = (kind: string, columns: readonly string[]) => `${kind} (${columns.join(', ')})`

async function fromPrisma(file: string): Promise<Tables> {
  const datamodel = await readFile(new URL(file, import.meta.url), 'utf8')
  const dmmf = await prisma.getDMMF({ datamodel })
  const tables: Tables = {}
  for (const model of dmmf.datamodel.models) {
    const columns: Record<string, string> = {}
    for (const field of model.fields) {
      const type = field.nativeType ? NATIVE[field.nativeType[0]] : SCALAR[field.type]
      const given = field.default
      const fallback =
        given === undefined
          ? undefined
          : typeof given === 'object' && 'name' in given
            ? given.name === 'autoincrement'
              ? 'identity'
              : `${given.name}()`
            : String(given)
      columns[field.name] = column(type ?? `? ${field.type}`, field.isRequired, fallback)
    }
    const keys = dmmf.datamodel.indexes
      .filter((index) => index.model === model.name)
      .map((index) =>
        key(
          index.type === 'id' ? 'primary' : index.type === 'unique' ? 'unique' : 'index',
          index.fields.map((field) => `${field.name}${field.sortOrder === 'desc' ? ' desc' : ''}`),
        ),
      )
    tables[model.name] = { columns, keys: keys.toSorted() }
  }
  return tables
}

async function fromDatabase(url: string): Promise<Tables> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const columns = await client.query<{
    table: string
    name: string
    type: string
    required: boolean
    fallback: string | null
    identity: boolean
  }>(`
    SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS required, a.attidentity <> '' AS identity, pg_get_expr(d.adbin, d.adrelid) AS fallback
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped`)
  const indexes = await client.query<{
    table: string
    primary: boolean
    unique: boolean
    columns: string[]
  }>(`
    SELECT c.relname AS table, i.indisprimary AS primary, i.indisunique AS unique,
           (SELECT array_agg(a.attname || CASE WHEN i.indoption[k.n - 1] & 1 = 1 THEN ' desc' ELSE '' END ORDER BY k.n)
            FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND i.indpred IS NULL`)
  await client.end()
  const tables: Tables = {}
  for (const row of columns.rows) {
    const table = tables[row.table] ?? { columns: {}, keys: [] }
    tables[row.table] = table
    // '' and 'x' come as '…'::text.
    const fallback = row.identity ? 'identity' : row.fallback?.replace(/^'(.*)'::text$/, '$1')
    table.columns[row.name] = column(row.type, row.required, fallback)
  }
  for (const row of indexes.rows) {
    tables[row.table]?.keys.push(key(row.primary ? 'primary' : row.unique ? 'unique' : 'index', row.columns))
  }
  for (const table of Object.values(tables)) table.keys.sort()
  return tables
}

describe('the migrations make what the Prisma schema says: tables, columns, types, nullability, defaults, keys', () => {
  test('a home', async () => {
    const url = community.adminUrls.homes.get(1) ?? ''
    expect(await fromDatabase(url)).toEqual(await fromPrisma('schema.prisma'))
  })
  test('a directory', async () => {
    expect(await fromDatabase(community.adminUrls.directory)).toEqual(await fromPrisma('directory.prisma'))
  })
})

test('the generated types are those of the schemas: run `npm run generate`', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hamlet-types-'))
  const here = new URL('./', import.meta.url)
  await cp(here, join(folder, 'instance/prisma'), { recursive: true })
  execFileSync(process.execPath, ['instance/prisma/generate.ts'], { cwd: folder, stdio: 'pipe' })
  for (const file of ['directory-tables.ts', 'instance-tables.ts']) {
    const made = await readFile(join(folder, 'instance/store/gen', file), 'utf8')
    expect(made, file).toBe(await readFile(new URL(`../store/gen/${file}`, here), 'utf8'))
  }
  await rm(folder, { recursive: true })
})
