// Databases for one test: a community's directory and its homes, made by the real migrations.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import {
  type DirectoryDatabase,
  type DirectoryTables,
  type InstanceDatabase,
  type InstanceTables,
  openDatabase,
} from '../../instance/store/database.ts'
import { type DatabaseKind, groupOf, templateOf } from './server/templates.ts'

export type TestCommunity = {
  readonly domain: string
  readonly directory: DirectoryDatabase
  readonly directoryUrl: string
  /** As the superuser: for what only the operator may do. */
  readonly adminUrls: { directory: string; homes: ReadonlyMap<number, string> }
  readonly homes: ReadonlyMap<number, { db: InstanceDatabase; url: string }>
  close(): Promise<void>
}

/** A community with a directory and `homes` empty, Active instances, each behind a role of its own with only DML. */
export async function makeCommunity(
  port: number,
  options: { homes?: number; cap?: number; domain?: string; registration?: string } = {},
): Promise<TestCommunity> {
  const { homes = 1, cap = 300, registration = 'Open' } = options
  const id = `t${randomBytes(5).toString('hex')}`
  const domain = options.domain ?? `${id}.example`
  const admin = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  const root = new pg.Client({ connectionString: admin('postgres') })
  await root.connect()
  const urls = new Map<string, string>()
  const make = async (name: string, kind: DatabaseKind, fill: (client: pg.Client) => Promise<unknown>) => {
    const template = await templateOf(root, kind, admin)
    await root.query(`CREATE ROLE ${name} LOGIN IN ROLE ${groupOf(kind)}`)
    await root.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
    const client = new pg.Client({ connectionString: admin(name) })
    await client.connect()
    await fill(client)
    await client.end()
    urls.set(name, `postgres://${name}@127.0.0.1:${port}/${name}`)
  }
  await make(`${id}_directory`, 'directory', async (client) => {
    await client.query('INSERT INTO meta (domain, prefix, secret) VALUES ($1, $2, $3)', [
      domain,
      id,
      randomBytes(32),
    ])
    await client.query(
      `INSERT INTO settings (title, registration, per_instance, sign_ups_per_hour, log_ins_per_hour, posts_per_hour, max_instances)
       VALUES ($1, $2, $3, 100000, 100000, 100000, 100)`,
      [id, registration, Math.max(1, cap)],
    )
    for (let ordinal = 1; ordinal <= homes; ordinal++) {
      await client.query(
        "INSERT INTO instances (ordinal, cap, state, address) VALUES ($1, $2, 'Active', $3)",
        [ordinal, cap, `http://127.0.0.1:1`],
      )
    }
  })
  for (let ordinal = 1; ordinal <= homes; ordinal++) {
    await make(`${id}_${ordinal}`, 'instance', async (client) => {
      await client.query('INSERT INTO identity (domain, prefix, ordinal) VALUES ($1, $2, $3)', [
        domain,
        id,
        ordinal,
      ])
      await client.query('INSERT INTO home (cap) VALUES ($1)', [cap])
    })
  }
  await root.end()
  const directoryUrl = urls.get(`${id}_directory`) ?? ''
  const directory = openDatabase<DirectoryTables>(directoryUrl, { name: 'test' })
  const opened = new Map<number, { db: InstanceDatabase; url: string }>()
  for (let ordinal = 1; ordinal <= homes; ordinal++) {
    const url = urls.get(`${id}_${ordinal}`) ?? ''
    opened.set(ordinal, { db: openDatabase<InstanceTables>(url, { name: 'test' }), url })
  }
  return {
    domain,
    directory,
    directoryUrl,
    adminUrls: {
      directory: admin(`${id}_directory`),
      homes: new Map([...opened.keys()].map((ordinal) => [ordinal, admin(`${id}_${ordinal}`)])),
    },
    homes: opened,
    close: async () => {
      await directory.destroy()
      for (const { db } of opened.values()) await db.destroy()
    },
  }
}

/** Runs one statement at a URL, as the superuser for what no instance may do by itself, and returns its rows. */
export async function runAt<Row>(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
