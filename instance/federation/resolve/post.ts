// From a URI to a post row.
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { asMembers } from '../../store/as-member.ts'
import type { InstanceTables } from '../../store/database.ts'
import { ownAddress } from '../documents/addresses.ts'
import { documentDeps } from '../remote/deps.ts'
import { DocumentUnavailable, fetchObject } from '../remote/document.ts'
import { type RemoteNote, readNote } from '../remote/note.ts'
import { resolveAccount } from './account.ts'
import { residentsNamed } from './residents.ts'
import { savePost } from './save-post.ts'

export type Post = Selectable<InstanceTables['posts']>

/**
 * The post with this URI (or page, for ours): known here, asked of a sibling, or fetched. What is fetched is cached,
 * so no transaction of the caller's may be open. Who may see it is for the caller to ask.
 * Refusals: `not-found` and `unavailable`.
 */
export async function resolvePost(instance: Instance, uri: string): Promise<Post | Refusal> {
  const known = await read(instance, uri)
  if (known) return known
  const note = await find(instance, uri)
  if (isRefusal(note)) return note
  const author = await resolveAccount(instance, note.author)
  if (isRefusal(author)) return author
  const touched = await residentsNamed(instance, note)
  const saved = await asMembers(instance, touched, (tx) => savePost(tx, instance, note, author))
  if (isRefusal(saved)) return refuse('unavailable')
  return (saved && (await read(instance, note.uri))) ?? refuse('not-found')
}

async function read(instance: Instance, uri: string): Promise<Post | undefined> {
  const own = ownAddress(instance.config.origin, uri)
  const query = instance.db.selectFrom('posts').selectAll()
  return own?.kind === 'post'
    ? query.where('id', '=', own.id).executeTakeFirst()
    : query.where('uri', '=', uri).executeTakeFirst()
}

const answer = z.object({ object: z.record(z.string(), z.unknown()) })

async function find(instance: Instance, uri: string): Promise<RemoteNote | Refusal> {
  const own = ownAddress(instance.config.origin, uri)
  if (own) {
    const home = own.kind === 'post' ? instance.homes.byHandle(own.handle) : undefined
    if (home?.state !== 'active' || home.home === instance.config.ordinal) return refuse('not-found')
    try {
      const found = await instance.siblings.call(
        home.home,
        `/internal/objects?uri=${encodeURIComponent(uri)}`,
      )
      const parsed = answer.safeParse(found.body)
      return (found.status === 200 && parsed.success && readNote(parsed.data.object)) || refuse('not-found')
    } catch (error) {
      instance.log.warn({ err: error, ordinal: home.home }, 'a sibling could not be asked for a post')
      return refuse('unavailable')
    }
  }
  try {
    const { document } = await fetchObject(documentDeps(instance), uri)
    const note = readNote(document)
    if (!note || new URL(note.author).origin !== new URL(note.uri).origin) return refuse('not-found')
    return note
  } catch (error) {
    if (!(error instanceof DocumentUnavailable)) throw error
    return refuse(error.kind === 'later' ? 'unavailable' : 'not-found')
  }
}
