// Accounts as verbs need them: who they are, and whether they live here.
import type { Selectable } from 'kysely'
import type { Instance } from '../instance.ts'
import type { InstanceTables } from '../store/database.ts'

export type AccountRow = Selectable<InstanceTables['accounts']>

/** Does this account live on this very instance, so that rows of theirs may be written here? */
export function isResident(deps: Pick<Instance, 'homes' | 'config'>, accountId: string): boolean {
  const home = deps.homes.byId(accountId)
  return home?.state === 'active' && home.home === deps.config.ordinal
}

/** `ana` of our own community, `ben@other.example` of another. */
export const addressOf = (account: { handle: string; domain: string | null }): string =>
  account.domain === null ? account.handle : `${account.handle}@${account.domain}`
