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
  if (own) return own.kind === 'post' ? findAtHome(instance, uri, own.handle) : refuse('not-found')
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

/** From its author's home. Nobody has it only if the directory knows no later home than the one that has not. */
async function findAtHome(instance: Instance, uri: string, handle: string): Promise<RemoteNote | Refusal> {
  const { homes, config, log } = instance
  let asked: number | undefined
  let home = homes.byHandle(handle)
  try {
    for (let tries = 0; tries < 2; tries++) {
      if (home?.state === 'active' && home.home !== config.ordinal) {
        asked = home.home
        const { status, body } = await instance.siblings.call(
          asked,
          `/internal/objects?uri=${encodeURIComponent(uri)}`,
        )
        const parsed = answer.safeParse(status === 200 ? body : undefined)
        if (parsed.success) return readNote(parsed.data.object) ?? refuse('not-found')
        if (status !== 404) return refuse('unavailable')
      }
      home = await homes.freshByHandle(handle)
      if (home?.state !== 'active') return refuse(homes.regressed ? 'unavailable' : 'not-found')
      if (home.home === (asked ?? config.ordinal)) return refuse('not-found')
    }
  } catch (error) {
    log.warn({ err: error, ordinal: asked }, 'a sibling could not be asked for a post')
  }
  return refuse('unavailable')
}
