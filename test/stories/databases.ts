// The bundled PostgreSQL of the cluster, for stories in which somebody puts a database back to an older copy.
import { execa } from 'execa'
import pg from 'pg'
import { until } from '../cluster/build/run.ts'
import { toolPath } from '../cluster/build/tools.ts'
import type { Hamlet } from './hamlet.ts'

/** Forwards a local port to it for as long as `use` takes. */
export async function withPostgres<T>(h: Hamlet, use: (port: number) => Promise<T>): Promise<T> {
  const forward = execa(
    await toolPath('kubectl'),
    [
      '--kubeconfig',
      h.cluster.kubeconfigPath,
      '--namespace',
      'hamlet',
      'port-forward',
      'hamlet-postgres-0',
      ':5432',
    ],
    { reject: false },
  )
  try {
    const port = await new Promise<number>((found, failed) => {
      forward.stdout?.on('data', (chunk: Buffer) => {
        const [, number] = /127\.0\.0\.1:(\d+)/.exec(String(chunk)) ?? []
        if (number) found(Number(number))
      })
      forward.then(({ stderr }) => failed(new Error(`kubectl port-forward: ${stderr}`)), failed)
    })
    return await use(port)
  } finally {
    forward.kill()
    await forward
  }
}

/** The name of a database: of a community's directory, or of one of its instances. */
export async function databaseNamed(h: Hamlet, secret: string, key: string): Promise<string> {
  const text = await h.kubectl(['get', 'secret', secret, '--output', `jsonpath={.data.${key}}`])
  return new URL(Buffer.from(text, 'base64').toString().trim()).pathname.slice(1)
}

/** Makes `to` what `from` is at this moment, with pods running: whoever is connected is cut off. */
export async function copyDatabase(h: Hamlet, from: string, to: string): Promise<void> {
  const read = async (key: string) =>
    Buffer.from(
      await h.kubectl([
        '--namespace',
        'hamlet',
        'get',
        'secret',
        'hamlet-postgres',
        '--output',
        `jsonpath={.data.${key}}`,
      ]),
      'base64',
    ).toString()
  const [user, password] = [await read('username'), await read('password')]
  await withPostgres(h, async (port) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' })
    await client.connect()
    try {
      const { rows } = await client.query<{ owner: string }>(
        'SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = $1',
        [from],
      )
      const [there] = rows
      if (!there) throw new Error(`there is no database ${from} to copy`)
      for (const name of [from, to]) await close(client, name)
      await client.query(`DROP DATABASE IF EXISTS ${to}`)
      await client.query(`CREATE DATABASE ${to} TEMPLATE ${from} OWNER ${there.owner}`)
      await client.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS true`)
    } finally {
      await client.end()
    }
  })
}

/** Only a member of a role may end its sessions; the operator's own end by themselves. */
async function close(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ role: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role FROM pg_database WHERE datname = $1`,
    [name],
  )
  const [there] = rows
  if (!there) return
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  if (there.role) await client.query(`GRANT ${name} TO CURRENT_USER`)
  await until(`${name} to be left alone`, 30, async () => {
    const left = await client.query(
      `SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename
       WHERE a.datname = $1 AND pg_has_role(current_user, r.oid, 'USAGE')`,
      [name],
    )
    return left.rows.length === 0
  })
}
