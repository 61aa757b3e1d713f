// An API server and a PostgreSQL for tests of the operator, with what its chart would have installed.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import selfsigned from 'selfsigned'
import { readMigrations } from '../../instance/store/migrations.ts'
import { type ApiServer, startApiServer } from '../../test/kubernetes/api-server.ts'
import { type PostgresServer, startPostgres } from '../../test/postgres/server/server.ts'
import { systemClock } from '../kube/clock.ts'
import { testDeps } from '../kube/testing/deps.ts'
import { makeActorKeys } from '../postgres/directory/keys.ts'
import type { World } from './world.ts'

export type Setup = {
  readonly api: ApiServer
  readonly postgres: PostgresServer
  readonly world: World
  stop(): Promise<void>
}

export async function setUp(): Promise<Setup> {
  const api = await startApiServer({ ...testDeps(Math.random), clock: systemClock })
  const postgres = await startPostgres()
  const root = new pg.Client({ connectionString: postgres.url('postgres') })
  await root.connect()
  await root.query("CREATE ROLE hamlet_admin LOGIN CREATEDB CREATEROLE PASSWORD 'x'")
  await root.end()
  const admin = {
    host: '127.0.0.1',
    port: postgres.port,
    username: 'hamlet_admin',
    password: 'x',
    database: 'postgres',
  }
  const operatorNamespace = `hamlet-${randomBytes(3).toString('hex')}`
  const { kube } = api
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace } })
  const ca = await selfsigned.generate([{ name: 'commonName', value: 'Test CA' }], {
    keySize: 2048,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  const secrets = {
    'hamlet-ca': { 'tls.crt': ca.cert, 'tls.key': ca.private },
    'hamlet-postgres': { username: admin.username, password: admin.password },
  }
  for (const [name, texts] of Object.entries(secrets)) {
    await kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: operatorNamespace },
      data: Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    })
  }
  const migrations = {
    instance: await readMigrations('instance'),
    directory: await readMigrations('directory'),
  }
  return {
    api,
    postgres,
    world: { kube, admin, migrations, keys: await makeActorKeys(), operatorNamespace, skewMs: 0 },
    stop: async () => {
      await api.stop()
      await postgres.stop()
    },
  }
}
