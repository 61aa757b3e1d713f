// What anybody can see of members from outside: the same always, or for a moment nothing.
import { postUri } from '../../../instance/federation/documents/addresses.ts'
import { type Model, personOf } from '../model.ts'
import { firstOf, pictureOf } from '../world/fixture.ts'
import type { World } from '../world/world.ts'

/** By path, what was served at first. */
export type Pages = Map<string, string>

const DOCUMENT = 'application/activity+json'

export async function fetchPage(
  world: World,
  ordinal: number,
  path: string,
): Promise<{ status: number; body: string }> {
  const answer = await world
    .pod(ordinal)
    .app.inject({ url: path, headers: { host: world.community.domain, accept: DOCUMENT } })
  return { status: answer.statusCode, body: answer.body }
}

export function pathsOf(world: World, model: Model, handle: string): string[] {
  const post = model.posts.get(firstOf(handle))
  const { pathname } = new URL(postUri(world.origin, handle, post?.id ?? ''))
  return [
    `/media/${personOf(model, handle).id}/${pictureOf(handle).sha256}`,
    `/users/${handle}`,
    pathname,
    `/.well-known/webfinger?resource=acct:${handle}@${world.community.domain}`,
  ]
}

/** Anybody asks at a pod. Its home may be down or deciding; gone, or not known, it never is. */
export async function look(
  { world, model, pages }: { readonly world: World; readonly model: Model; readonly pages: Pages },
  ordinal: number,
  handle: string,
  settled = false,
): Promise<void> {
  personOf(model, handle)
  for (const path of pathsOf(world, model, handle)) {
    const { life } = world.pod(ordinal).process
    if (life.dead) return
    const { status, body } = await fetchPage(world, ordinal, path)
    // A process that dies in the middle gives no answer at all, also if another has started by now.
    if (life.dead) return
    const allowed = settled ? status === 200 : status === 200 || status === 503
    if (!allowed)
      model.violations.push(`I6: ${path} at instance ${ordinal} answers ${status} ${body.slice(0, 200)}`)
    else if (status === 200) {
      const first = pages.get(path)
      const same = path.startsWith('/users/') ? withoutPicture(body) : body
      if (first === undefined) pages.set(path, same)
      else if (first !== same) model.violations.push(`I6, I7: ${path} at instance ${ordinal} has changed`)
    }
  }
}

/** A profile shows another picture once its owner wishes it. */
function withoutPicture(body: string): string {
  const { icon: _, ...document } = JSON.parse(body)
  return JSON.stringify(document)
}
