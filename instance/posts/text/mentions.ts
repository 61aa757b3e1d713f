// The people that a text names, as accounts. Those of other servers may have to be asked for, so no transaction is open.

import { resolveAccount } from '../../federation/resolve/account.ts'
import type { Instance } from '../../instance.ts'
import { type AccountRow, isResident } from '../../members/people.ts'
import { isRefusal } from '../../refusal.ts'
import type { Mention } from './text.ts'

export type NamedPeople = {
  readonly accounts: readonly AccountRow[]
  /** Named, but nobody was found, or their server does not answer. */
  readonly unknown: readonly Mention[]
  find(mention: Mention): AccountRow | undefined
}

const keyOf = (mention: Mention) => `${mention.handle}@${mention.domain ?? ''}`

/** Looks everybody up: first what is known here, in one query; then, together, those who are not. */
export async function findNamed(instance: Instance, mentions: readonly Mention[]): Promise<NamedPeople> {
  const ours = ({ domain }: Mention) => domain === undefined || domain === instance.config.domain
  const found = new Map<string, AccountRow>()
  const unknown: Mention[] = []
  if (mentions.length > 0) {
    const known = await instance.db
      .selectFrom('accounts')
      .selectAll()
      .where('handle', 'in', [...new Set(mentions.map((mention) => mention.handle))])
      .execute()
    for (const mention of mentions) {
      const row = known.find(
        (account) =>
          account.handle === mention.handle &&
          (ours(mention) ? account.domain === null : account.domain === mention.domain),
      )
      if (row) found.set(keyOf(mention), row)
    }
    await Promise.all(
      mentions
        .filter((mention) => !found.has(keyOf(mention)))
        .map(async (mention) => {
          if (ours(mention) && instance.homes.byHandle(mention.handle)?.state !== 'active') {
            unknown.push(mention)
            return
          }
          const address = `@${mention.handle}@${mention.domain ?? instance.config.domain}`
          const account = await resolveAccount(instance, address)
          if (isRefusal(account)) unknown.push(mention)
          else found.set(keyOf(mention), account)
        }),
    )
  }
  const accounts = new Map([...found.values()].map((account) => [account.id, account]))
  return { accounts: [...accounts.values()], unknown, find: (mention) => found.get(keyOf(mention)) }
}

/** Only people of this very instance can read its "only my instance" posts; others stay plain text in them. */
export function residentsOnly(instance: Instance, people: NamedPeople): NamedPeople {
  const here = (account: AccountRow | undefined) =>
    account && isResident(instance, account.id) ? account : undefined
  return {
    accounts: people.accounts.filter((account) => here(account)),
    unknown: people.unknown,
    find: (mention) => here(people.find(mention)),
  }
}
