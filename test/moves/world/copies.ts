// Databases of a world put back to older copies of themselves.
import type pg from 'pg'
import { writePost } from '../../../instance/posts/write.ts'
import { isRefusal } from '../../../instance/refusal.ts'
import type { RebuildOrder } from '../../../operator/decide/decision.ts'
import { openServer, type Server } from '../../../operator/postgres/server/session.ts'
import type { Someone } from '../model.ts'
import type { World } from './world.ts'

export type Which = 'directory' | number

/** The name of one of its databases. */
export const nameOf = (world: World, which: Which): string =>
  new URL(
    (which === 'directory'
      ? world.community.adminUrls.directory
      : world.community.adminUrls.homes.get(which)) ?? '',
  ).pathname.slice(1)

/** The server that they are on, as the operator reaches it. */
export function serverOf(world: World): Server {
  const { hostname, port } = new URL(world.community.adminUrls.directory)
  return openServer({
    host: hostname,
    port: Number(port),
    username: 'postgres',
    password: '',
    database: 'postgres',
  })
}

/** To rebuild its directory from all of its homes. */
export const orderFor = (world: World, givenUp?: string): RebuildOrder => ({
  name: nameOf(world, 'directory'),
  homes: world.pods.map(({ ordinal }) => ({ ordinal, name: nameOf(world, ordinal) })),
  retired: [],
  addresses: [],
  community: { namespace: 'town', name: 'garden' },
  givenUp,
})

/** Copies a database to another name; nobody may be connected, so everybody is cut off. */
export async function copyDatabase(root: pg.Client, from: string, to: string): Promise<void> {
  await root.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS false`)
  await root.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [from])
  await root.query(`DROP DATABASE IF EXISTS ${to} WITH (FORCE)`)
  await root.query(`CREATE DATABASE ${to} TEMPLATE ${from}`)
  await root.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS true`)
}

/** Where a post of hers is accepted, by the epoch that each home believes in. */
export async function acceptors(world: World, ana: Someone): Promise<number[]> {
  const found: number[] = []
  for (const { ordinal, instance } of world.pods) {
    const row = await instance.db
      .selectFrom('members')
      .select('epoch')
      .where('id', '=', ana.id)
      .executeTakeFirst()
    const post = await writePost(
      instance,
      { ...ana, epoch: row?.epoch ?? 1 },
      { text: `Hello ${ordinal}`, visibility: 'public' },
    )
    if (!isRefusal(post)) found.push(ordinal)
  }
  return found
}
