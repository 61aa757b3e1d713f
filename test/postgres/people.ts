// People of a test community, signed up as people are.
import { signUp } from '../../instance/accounts/sign-up/sign-up.ts'
import type { Instance } from '../../instance/instance.ts'
import { isRefusal } from '../../instance/refusal.ts'
import { remoteAccountId } from '../../instance/store/ids.ts'

export type TestMember = {
  readonly id: string
  readonly handle: string
  readonly epoch: number
  /** The value of the session cookie. */
  readonly session: string
}

export const PASSWORD = 'correct horse battery'

/** Signs somebody up. The instance's community must be open and have a seat. */
export async function join(instance: Instance, handle: string, displayName = ''): Promise<TestMember> {
  const result = await signUp(instance, { handle, password: PASSWORD, displayName, address: '192.0.2.1' })
  if (isRefusal(result) || 'waiting' in result) throw new Error(`${handle}: ${JSON.stringify(result)}`)
  const home = await instance.homes.freshById(result.done.id)
  return { id: result.done.id, handle, epoch: home?.epoch ?? 1, session: result.session }
}

/** A row for somebody of another server, as if they had been looked up. */
export async function stranger(
  instance: Instance,
  handle: string,
  domain = 'other.example',
): Promise<string> {
  const uri = `https://${domain}/users/${handle}`
  const id = remoteAccountId(instance.secret, uri)
  await instance.db
    .insertInto('accounts')
    .values({
      id,
      uri,
      handle,
      domain,
      display_name: handle,
      url: `https://${domain}/@${handle}`,
      inbox: `${uri}/inbox`,
      shared_inbox: `https://${domain}/inbox`,
      followers_uri: `${uri}/followers`,
      fetched_at: instance.clock(),
    })
    .execute()
  return id
}

/** The activities that wait to leave, oldest first. */
export async function outbox(instance: Instance): Promise<{ type: string; id: string; inboxes: string[] }[]> {
  const rows = await instance.db.selectFrom('outbox').select(['id', 'activity']).orderBy('id').execute()
  return Promise.all(
    rows.map(async (row) => {
      const activity = row.activity as { type: string; id: string }
      const deliveries = await instance.db
        .selectFrom('deliveries')
        .select('inbox')
        .where('outbox_id', '=', row.id)
        .orderBy('inbox')
        .execute()
      return { type: activity.type, id: activity.id, inboxes: deliveries.map(({ inbox }) => inbox) }
    }),
  )
}
