// A cluster that is only played, beside the PostgreSQL of the test run: what the operator's chart would have installed.
import { readMigrations } from '../../instance/store/migrations.ts'
import { makeActorKeys } from '../../operator/postgres/directory/keys.ts'
import type { World } from '../../operator/testing/world.ts'
import { makeMemoryKube } from './memory.ts'

export async function playCluster(postgresPort: number): Promise<World> {
  const admin = {
    host: '127.0.0.1',
    port: postgresPort,
    username: 'postgres',
    password: '',
    database: 'postgres',
  }
  const kube = makeMemoryKube()
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  await kube.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'hamlet-postgres', namespace: 'hamlet' },
    // It trusts whoever comes; a Secret without a password is refused.
    data: { username: base64(admin.username), password: base64('x') },
  })
  const migrations = {
    instance: await readMigrations('instance'),
    directory: await readMigrations('directory'),
  }
  return { kube, admin, migrations, keys: await makeActorKeys(), operatorNamespace: 'hamlet', skewMs: 0 }
}
