// What an id stands for that is not known here: a page or an app that was opened before its reader moved here shows
// people and posts that only the earlier home had met.
import { z } from 'zod'
import { isInhabited } from '../../directory/homes.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { resolveAccount } from './account.ts'
import { resolvePost } from './post.ts'

export type Known = 'account' | 'post'

const answer = z.object({ uri: z.string() })
const PATIENCE_MS = 3_000

export const knownPath = (what: Known, id: string): string => `/internal/known/${what}/${id}`

/**
 * Acts on an account; if that finds nobody, a sibling is asked who it is, and it is tried once more. Refuses with
 * `unavailable` where one that may know does not answer: 404 is only for what nobody knows.
 */
export async function withAccount<T>(
  instance: Instance,
  id: string,
  act: () => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const result = await act()
  if (!isUnknown(result)) return result
  const member = instance.homes.byId(id)
  const name = member?.state === 'active' ? `@${member.handle}` : await uriElsewhere(instance, 'account', id)
  const found = isRefusal(name) ? name : await resolveAccount(instance, name)
  if (isRefusal(found)) return isUnknown(found) ? result : found
  return found.id === id ? act() : result
}

/** The same for a post, which may have another id here. */
export async function withPost<T>(
  instance: Instance,
  id: string,
  act: (id: string) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const result = await act(id)
  if (!isUnknown(result)) return result
  const uri = await uriElsewhere(instance, 'post', id)
  const found = isRefusal(uri) ? uri : await resolvePost(instance, uri)
  if (isRefusal(found)) return isUnknown(found) ? result : found
  return act(found.id)
}

const isUnknown = (result: unknown): boolean => isRefusal(result) && result.code === 'not-found'

/** The first answer counts: an id means the same everywhere, or nothing. */
async function uriElsewhere(instance: Instance, what: Known, id: string): Promise<string | Refusal> {
  const siblings = instance.homes
    .instances()
    .filter((sibling) => isInhabited(sibling) && sibling.ordinal !== instance.config.ordinal)
  let silent = false
  const asked = siblings.map(async ({ ordinal }) => {
    const { status, body } = await instance.siblings
      .call(ordinal, knownPath(what, id), { timeoutMs: PATIENCE_MS })
      .catch((error: unknown) => {
        silent = true
        throw error
      })
    if (status !== 200 && status !== 404) silent = true
    return answer.parse(body).uri
  })
  return Promise.any(asked).catch(() => refuse(silent ? 'unavailable' : 'not-found'))
}
