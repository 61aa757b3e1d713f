// What a community gives at the addresses that another server keeps of a member.
import type { InstanceDatabase } from '../../instance/store/database.ts'
import { type Site, visitor } from '../visitor/visitor.ts'
import { ACTIVITY } from '../world/stranger.ts'

/**
 * Asks `site` for all that `db`, another server's, has of its one member, but of her posts only for those whose text
 * begins with "Liked", which stay as they are: a line each, with the status; documents are given in full.
 */
export async function givenOf(site: Site, db: InstanceDatabase): Promise<string[]> {
  const her = await db
    .selectFrom('accounts')
    .selectAll()
    .where('domain', '=', site.domain)
    .executeTakeFirstOrThrow()
  const posts = await db
    .selectFrom('posts')
    .select(['uri', 'url'])
    .where('account_id', '=', her.id)
    .where('content_html', 'like', '<p>Liked %')
    .orderBy('id')
    .execute()
  const somebody = visitor(site)
  const ask = (address: string, accept: string) => somebody.get(new URL(address).pathname, { accept })
  const told: string[] = []
  for (const page of [her.url, her.followers_uri ?? 'none', ...posts.map(({ url }) => url)])
    told.push(`${page} ${(await ask(page, 'text/html')).status}`)
  for (const document of [her.uri, her.avatar_url ?? 'none', ...posts.map(({ uri }) => uri)]) {
    const { status, body } = await ask(document, ACTIVITY)
    told.push(`${document} ${status} ${body}`)
  }
  return told
}
