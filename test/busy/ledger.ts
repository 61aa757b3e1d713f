// What a community acknowledged to its members: nothing of it may be lost, and nothing be there twice.
import { expect } from 'vitest'
import type { Visitor } from '../visitor/visitor.ts'

export const ACTIVITY = { accept: 'application/activity+json' }

export type Ledger = {
  /** Texts of posts, by the handle of who wrote them. */
  readonly posts: ReadonlyMap<string, readonly string[]>
  /** Whom somebody follows, by the handle of who follows. */
  readonly follows: ReadonlyMap<string, ReadonlySet<string>>
  wrote(handle: string, text: string): void
  followed(handle: string, friend: string): void
}

export function openLedger(): Ledger {
  const posts = new Map<string, string[]>()
  const follows = new Map<string, Set<string>>()
  return {
    posts,
    follows,
    wrote: (handle, text) => void posts.set(handle, [...(posts.get(handle) ?? []), text]),
    followed: (handle, friend) => void follows.set(handle, new Set([...(follows.get(handle) ?? []), friend])),
  }
}

/** Holds what strangers are told of each member against the ledger. Throws with what is missing or too much. */
export async function audit(ledger: Ledger, handles: readonly string[], stranger: Visitor): Promise<void> {
  const wrong: string[] = []
  const followers = new Map<string, Set<string>>()
  for (const [follower, friends] of ledger.follows)
    for (const friend of friends) followers.set(friend, (followers.get(friend) ?? new Set()).add(follower))
  await inTurns(handles, 8, async (handle) => {
    const told = (await outbox(stranger, handle)).sort()
    const written = [...(ledger.posts.get(handle) ?? [])].sort()
    if (JSON.stringify(told) !== JSON.stringify(written))
      wrong.push(`${handle} wrote ${JSON.stringify(written)}, and has ${JSON.stringify(told)}`)
    for (const [side, expected] of [
      ['followers', followers.get(handle)],
      ['following', ledger.follows.get(handle)],
    ] as const) {
      const people = [...(await listed(stranger, `/@${handle}/${side}`))].sort()
      const wanted = [...(expected ?? [])].sort()
      if (JSON.stringify(people) !== JSON.stringify(wanted))
        wrong.push(`${side} of ${handle}: ${people.join(' ')} instead of ${wanted.join(' ')}`)
    }
  })
  expect(wrong).toEqual([])
}

/** The texts of all public posts, newest first. */
async function outbox(stranger: Visitor, handle: string): Promise<string[]> {
  const texts: string[] = []
  let next: string | undefined = `/users/${handle}/outbox?page=true`
  while (next) {
    const answer = await stranger.get(next, ACTIVITY)
    if (answer.status !== 200) throw new Error(`${next}: ${answer.status}`)
    const page = JSON.parse(answer.body) as {
      orderedItems?: { object: { content?: string } }[]
      next?: string
    }
    for (const { object } of page.orderedItems ?? [])
      texts.push((object.content ?? '').replace(/<[^>]+>/g, ''))
    const further: URL | undefined = page.next ? new URL(page.next) : undefined
    next = further && `${further.pathname}${further.search}`
  }
  return texts
}

/** The handles on a page of people and on those after it. */
async function listed(stranger: Visitor, path: string): Promise<Set<string>> {
  const handles = new Set<string>()
  let next: string | undefined = path
  while (next) {
    const page = await stranger.get(next)
    if (page.status !== 200) throw new Error(`${next}: ${page.status}`)
    for (const [, handle = ''] of (page.html.querySelector('main')?.text ?? '').matchAll(/@(m\d+)/g))
      handles.add(handle)
    next = page.html.querySelector('a[href*="after="]')?.getAttribute('href')
  }
  return handles
}

/** Does something with each of the items, so many at a time. */
export async function inTurns<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
    }),
  )
}
