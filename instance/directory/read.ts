// Reading the directory: all of it in one snapshot, or one member's row.
import type { DirectoryDatabase } from '../store/database.ts'
import { isId } from '../store/ids.ts'
import type { Home, InstanceInfo, Settings } from './homes.ts'

export type DirectoryImage = {
  readonly incarnation: number
  readonly revision: bigint
  readonly secret: Buffer
  readonly settings: Settings
  readonly instances: readonly InstanceInfo[]
  readonly members: readonly Home[]
  readonly waiting: number
}

const HOME_COLUMNS = ['id', 'handle', 'home', 'epoch', 'state', 'role'] as const

// The CHECK constraints of the tables allow no other values.
const asHome = (row: Omit<Home, 'state' | 'role'> & { state: string; role: string }): Home => ({
  ...row,
  state: row.state as Home['state'],
  role: row.role as Home['role'],
})

/** Everything in one snapshot. A few thousand rows, so a change reloads it all rather than following deltas. */
export function readDirectory(directory: DirectoryDatabase): Promise<DirectoryImage> {
  return directory
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const meta = await tx
        .selectFrom('meta')
        .select(['incarnation', 'revision', 'secret'])
        .executeTakeFirstOrThrow()
      const settings = await tx.selectFrom('settings').selectAll().executeTakeFirstOrThrow()
      const instances = await tx
        .selectFrom('instances')
        .select(['ordinal', 'address', 'state', 'cap', 'taken'])
        .orderBy('ordinal')
        .execute()
      const members = await tx.selectFrom('members').select(HOME_COLUMNS).execute()
      const waiting = await tx
        .selectFrom('waiting')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow()
      return {
        incarnation: meta.incarnation,
        revision: BigInt(meta.revision),
        secret: meta.secret,
        settings: {
          title: settings.title,
          description: settings.description,
          registration: settings.registration as Settings['registration'],
          perInstance: settings.per_instance,
          signUpsPerHour: settings.sign_ups_per_hour,
          logInsPerHour: settings.log_ins_per_hour,
          postsPerHour: settings.posts_per_hour,
          maxInstances: settings.max_instances,
        },
        instances: instances.map((row) => ({ ...row, state: row.state as InstanceInfo['state'] })),
        members: members.map(asHome),
        waiting: Number(waiting.count),
      }
    })
}

export async function readRevision(
  directory: DirectoryDatabase,
): Promise<{ incarnation: number; revision: bigint }> {
  const row = await directory.selectFrom('meta').select(['incarnation', 'revision']).executeTakeFirstOrThrow()
  return { incarnation: row.incarnation, revision: BigInt(row.revision) }
}

export async function readMember(
  directory: DirectoryDatabase,
  who: { id: string } | { handle: string },
): Promise<Home | undefined> {
  // Nobody's, and errors to PostgreSQL: these must not look like a directory that gives no answer.
  if ('id' in who ? !isId(who.id) : who.handle.includes('\0')) return undefined
  const query = directory.selectFrom('members').select(HOME_COLUMNS)
  const row = await ('id' in who
    ? query.where('id', '=', who.id)
    : query.where('handle', '=', who.handle)
  ).executeTakeFirst()
  return row && asHome(row)
}
