// Rows of accounts that are caches of people elsewhere.
import type { Selectable } from 'kysely'
import type { InstanceDatabase, InstanceTables } from '../../store/database.ts'

export type Account = Selectable<InstanceTables['accounts']>

type Name = { readonly uri: string } | { readonly handle: string; readonly domain: string }

export async function readAccount(
  db: Pick<InstanceDatabase, 'selectFrom'>,
  name: Name,
): Promise<Account | undefined> {
  const query = db.selectFrom('accounts').selectAll()
  return 'uri' in name
    ? query.where('uri', '=', name.uri).executeTakeFirst()
    : query.where('handle', '=', name.handle).where('domain', '=', name.domain).executeTakeFirst()
}

type Cached = Pick<
  Account,
  | 'id'
  | 'uri'
  | 'handle'
  | 'domain'
  | 'display_name'
  | 'bio_html'
  | 'url'
  | 'inbox'
  | 'shared_inbox'
  | 'followers_uri'
  | 'avatar_url'
  | 'locked'
  | 'bot'
> & { readonly fetched_at: Date }

/** Writes what was fetched, unless something newer was fetched meanwhile. The id never changes once it is given. */
export async function saveRemote(db: InstanceDatabase, account: Cached): Promise<Account> {
  const { id: _id, uri: _uri, ...columns } = account
  const saved = await db
    .insertInto('accounts')
    .values(account)
    .onConflict((conflict) =>
      conflict
        .column('uri')
        .doUpdateSet({ ...columns, updated_at: account.fetched_at })
        .where((eb) =>
          eb.or([eb('accounts.fetched_at', 'is', null), eb('accounts.fetched_at', '<=', account.fetched_at)]),
        ),
    )
    .returningAll()
    .executeTakeFirst()
  if (saved) return saved
  return db.selectFrom('accounts').selectAll().where('uri', '=', account.uri).executeTakeFirstOrThrow()
}
