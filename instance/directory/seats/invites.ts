// Invitations: links that let somebody in, and bring them near the person who sent it.
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { DirectoryTransaction } from '../../store/database.ts'
import { changeFor } from '../change.ts'
import { hashSecret, newSecret } from '../secrets.ts'

const DAY = 86_400_000

/** Uses one up. The operator's own invitation makes an organiser and works even when registration is closed. */
export async function takeInvite(
  tx: DirectoryTransaction,
  hash: Buffer,
  registration: string,
): Promise<{ role: string; inviterHome?: number | undefined } | Refusal> {
  const invite = await tx
    .updateTable('invites')
    .set({ uses_left: sql`uses_left - 1` })
    .where('hash', '=', hash)
    .where('uses_left', '>', 0)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
    .returning(['role', 'created_by'])
    .executeTakeFirst()
  if (!invite) return refuse('bad-invite')
  if (invite.created_by === null) return { role: invite.role }
  if (registration === 'Closed') return refuse('closed')
  const inviter = await tx
    .selectFrom('members')
    .select('home')
    .where('id', '=', invite.created_by)
    .where('state', '=', 'active')
    .executeTakeFirst()
  // Whoever left takes their invitations along.
  return inviter ? { role: invite.role, inviterHome: inviter.home } : refuse('bad-invite')
}

/** A link's secret for `uses` guests within `days`. Members invite while the community takes people at all. */
export async function makeInvite(
  instance: Pick<Instance, 'directory' | 'homes' | 'settings' | 'clock'>,
  member: { id: string },
  { uses = 1, days = 14 }: { uses?: number; days?: number } = {},
): Promise<{ token: string } | Refusal> {
  if (instance.settings().registration === 'Closed') return refuse('closed')
  const token = newSecret()
  const made = await changeFor(instance, async (tx) => {
    await tx
      .insertInto('invites')
      .values({
        hash: hashSecret(token),
        created_by: member.id,
        uses_left: Math.min(Math.max(1, uses), 100),
        expires_at: new Date(instance.clock().getTime() + Math.min(Math.max(1, days), 90) * DAY),
      })
      .execute()
    return true
  })
  return isRefusal(made) ? made : { token }
}

/** Whose invitation it is and whether it still works; uses nothing up. */
export async function checkInvite(
  instance: Pick<Instance, 'directory' | 'homes' | 'clock'>,
  token: string,
): Promise<{ role: string; inviter?: string } | Refusal> {
  const invite = await instance.directory
    .selectFrom('invites')
    .leftJoin('members', 'members.id', 'invites.created_by')
    .select(['invites.role', 'invites.created_by', 'members.handle', 'members.state'])
    .where('invites.hash', '=', hashSecret(token))
    .where('invites.uses_left', '>', 0)
    .where((eb) =>
      eb.or([eb('invites.expires_at', 'is', null), eb('invites.expires_at', '>', sql<Date>`now()`)]),
    )
    .executeTakeFirst()
  if (!invite) return refuse('bad-invite')
  if (invite.created_by === null) return { role: invite.role }
  if (invite.handle === null || invite.state !== 'active') return refuse('bad-invite')
  return { role: invite.role, inviter: invite.handle }
}
