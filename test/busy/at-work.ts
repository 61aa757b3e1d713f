// Members who write, follow each other and read, without a pause, and send again what was not acknowledged.
import { setTimeout as delay } from 'node:timers/promises'
import type { Page, Visitor } from '../visitor/visitor.ts'
import { ACTIVITY, type Ledger } from './ledger.ts'

export type Member = { readonly handle: string; readonly person: Visitor }

/** Something that anybody may see at an address that never changes, and what must be there. */
export type Address = {
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body: string
}

/** Milliseconds of `performance.now()`: when something was asked, or done, and when that was over. */
export type Span = { readonly from: number; readonly to: number }

export type Work = {
  /** Answers, by what was asked and their status; 0 stands for a connection that broke. */
  readonly answers: ReadonlyMap<string, number>
  /** What should never be seen, in words. */
  readonly odd: readonly string[]
  /** Connections that broke in the middle of an answer, or before it. */
  readonly broken: readonly (Span & { readonly what: string })[]
  /** Milliseconds that each acknowledged write took, with all its tries. */
  readonly took: readonly number[]
  /** Lets everybody end what they have begun. */
  stop(): Promise<void>
}

/** What is answered for a pod that is not there, or for somebody who is on the way. */
const AWAY = 503
/** For how long somebody tries: more than any outage that the test makes. */
const PATIENCE_MS = 120_000

/** Gives every worker members of their own, so that nobody sends two forms at a time. */
export function putToWork(
  members: readonly Member[],
  addresses: readonly Address[],
  ledger: Ledger,
  workers: number,
): Work {
  const answers = new Map<string, number>()
  const odd: string[] = []
  const broken: (Span & { what: string })[] = []
  const took: number[] = []
  let over = false

  const ask = async (kind: string, question: () => Promise<Page>): Promise<Page | undefined> => {
    const from = performance.now()
    const page = await question().catch((error: unknown) => {
      broken.push({ what: `${kind}: ${error}`, from, to: performance.now() })
      return undefined
    })
    const status = page?.status ?? 0
    answers.set(`${kind} ${status}`, (answers.get(`${kind} ${status}`) ?? 0) + 1)
    if (page && status !== 200 && status !== AWAY)
      odd.push(`${kind}: ${status} ${page.path} ${JSON.stringify(page.headers)} ${page.body.slice(0, 100)}`)
    return status === 200 ? page : undefined
  }
  /** Tries until it is served. */
  const served = async (kind: string, question: () => Promise<Page>): Promise<Page | undefined> => {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      const page = await ask(kind, question)
      if (page) return page
      await delay(100)
    }
    odd.push(`${kind} was not served for ${PATIENCE_MS / 1000} s`)
    return undefined
  }

  const write = async ({ handle, person }: Member) => {
    const form = await served('home', () => person.get('/home'))
    if (!form) return
    if (form.path !== '/home') return void odd.push(`${handle} is logged out`)
    const text = `${handle} writes for the ${(ledger.posts.get(handle)?.length ?? 0) + 1}. time`
    const begun = performance.now()
    // The form carries a key: sent again it is the same post.
    const page = await served('write', () => person.submit(form, '/posts', { text, visibility: 'public' }))
    if (page) {
      ledger.wrote(handle, text)
      took.push(performance.now() - begun)
    }
  }
  const follow = async ({ handle, person }: Member, friend: string) => {
    if (friend === handle || ledger.follows.get(handle)?.has(friend)) return
    const begun = performance.now()
    const page = await served('follow', async () => {
      const profile = await person.get(`/@${friend}`)
      const isNew = profile.html.querySelector('form[action$="/follow"]') !== null
      return profile.status === 200 && isNew ? person.submit(profile, '/follow') : profile
    })
    if (page) {
      ledger.followed(handle, friend)
      took.push(performance.now() - begun)
    }
  }
  const read = async ({ person }: Member, { path, headers, body }: Address) => {
    const page = await ask('read', () => person.get(path, headers))
    if (page && !page.body.includes(body)) odd.push(`${path} has become ${page.body.slice(0, 200)}`)
  }

  const worker = async (own: readonly Member[]) => {
    for (let turn = 0; !over; turn++) {
      const member = own[turn % own.length]
      if (!member) return
      if (turn % 3 === 0) await write(member)
      const friend = members[Math.floor(Math.random() * members.length)]
      if (turn % 3 === 1 && friend) await follow(member, friend.handle)
      for (let glance = 0; glance < 3; glance++) {
        const address = addresses[Math.floor(Math.random() * addresses.length)]
        if (address) await read(member, address)
      }
    }
  }
  const working = Array.from({ length: workers }, (_, number) =>
    worker(members.filter((_member, index) => index % workers === number)),
  )
  return {
    answers,
    odd,
    broken,
    took,
    stop: async () => {
      over = true
      await Promise.all(working)
    },
  }
}

/** The addresses of somebody that must stay the same. Throws where they are not served. */
export async function addressesOf(stranger: Visitor, handle: string, firstPost: string): Promise<Address[]> {
  const actor = await stranger.get(`/users/${handle}`, ACTIVITY)
  const box = await stranger.get(`/users/${handle}/outbox?page=true`, ACTIVITY)
  const [item] = (JSON.parse(box.body) as { orderedItems: { object: { id: string } }[] }).orderedItems
  if (actor.status !== 200 || !item) throw new Error(`${handle} is not served`)
  const { pathname } = new URL(item.object.id)
  const post = await stranger.get(pathname, ACTIVITY)
  return [
    { path: `/users/${handle}`, headers: ACTIVITY, body: actor.body },
    { path: pathname, headers: ACTIVITY, body: post.body },
    { path: `/@${handle}`, body: `@${handle}` },
    {
      path: `/.well-known/webfinger?resource=acct:${handle}@${new URL(item.object.id).host}`,
      body: actorId(actor),
    },
    { path: pathname, body: firstPost },
  ]
}

const actorId = (page: Page): string => (JSON.parse(page.body) as { id: string }).id
