// An actor changed: their document is fetched again, which gives the newest whatever the order of the news.
import { isRefusal } from '../../../refusal.ts'
import { resolveAccount } from '../../resolve/account.ts'
import { readAccount } from '../../resolve/store.ts'
import { type Effect, later } from './effect.ts'

export const profile: Effect = async ({ instance, activity, commit }) => {
  const known = await readAccount(instance.db, { uri: activity.actor })
  if (known) {
    const fetched = await resolveAccount(instance, activity.actor, { refresh: true })
    if (isRefusal(fetched) && fetched.code === 'unavailable') return later('the profile cannot be fetched')
  }
  return commit([], async () => undefined)
}
