// What people did, and what must therefore be true wherever they live. What nobody was told for certain may be either.

export type Known = 'yes' | 'no' | 'either'

export type Person = {
  readonly id: string
  readonly handle: string
  /** Values of session cookies that are good for ever. */
  readonly sessions: string[]
  /** By SHA-256, pictures that were put into their profile; the first, of long ago, is not the one that it shows. */
  readonly pictures: Map<string, Known>
  /** Which of them the profile may show: `none`, before there was one. */
  shown: Set<string>
}

/** As much of them as it takes to write. */
export type Someone = Pick<Person, 'id' | 'handle'>

export type Post = {
  readonly author: string
  readonly text: string
  readonly visibility: 'public' | 'followers'
  is: Known
  /** Once somebody was told. */
  id: string | undefined
  /** Numbers of the versions that may be the newest: 0 as it was written. */
  versions: Set<number>
}

export type Model = {
  readonly people: readonly Person[]
  /** By their text, which no two share. */
  readonly posts: Map<string, Post>
  /** `follower>followee` */
  readonly follows: Map<string, Known>
  /** Of them, those that nobody has touched. */
  readonly lasting: Set<string>
  /** `handle text` */
  readonly likes: Map<string, Known>
  readonly boosts: Map<string, Known>
  /** Where a write of each epoch was accepted: `handle epoch` → ordinals. */
  readonly accepted: Map<string, Set<number>>
  /** What nobody may do two things to at a time, for then nobody knows which was last. */
  readonly busy: Set<string>
  /** What must never be seen, and was. */
  readonly violations: string[]
}

export const makeModel = (people: readonly Person[]): Model => ({
  people,
  posts: new Map(),
  follows: new Map(),
  lasting: new Set(),
  likes: new Map(),
  boosts: new Map(),
  accepted: new Map(),
  busy: new Set(),
  violations: [],
})

export function personOf(model: Model, handle: string): Person {
  const found = model.people.find((person) => person.handle === handle)
  if (!found) throw new Error(`nobody is called ${handle}`)
  return found
}

/** How something that was tried ended. `unknown`: it may have happened, or may still happen. */
export type Ended<T> =
  | { readonly is: 'done'; readonly value: T; readonly ordinal: number; readonly epoch: number }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'unknown' }

/** Something that can be so or not was asked to become `wanted`. After an answer was lost, both stay possible. */
export function wished(known: Map<string, Known>, key: string, wanted: Known, ended: Ended<unknown>): void {
  const before = known.get(key) ?? 'no'
  if (ended.is === 'unknown' && before !== wanted) known.set(key, 'either')
  else if (ended.is === 'done' && before !== 'either') known.set(key, wanted)
}

export function accept(model: Model, handle: string, ended: Ended<unknown>): void {
  if (ended.is !== 'done') return
  const key = `${handle} ${ended.epoch}`
  const places = model.accepted.get(key) ?? new Set()
  model.accepted.set(key, places.add(ended.ordinal))
}

/**
 * What people did until now may be lost with a home that was put back. Only what they had at the beginning must be there,
 * and what they do from here on.
 */
export function forget(model: Model): void {
  for (const person of model.people) {
    person.sessions.splice(1)
    const [first] = person.pictures.keys()
    for (const sha256 of person.pictures.keys()) if (sha256 !== first) person.pictures.set(sha256, 'either')
    person.shown = new Set(['none', ...person.pictures.keys()])
  }
  for (const [text, post] of model.posts) {
    if (text === `First of ${post.author}`) continue
    // Whoever is at work with it finds nothing to complain of.
    Object.assign(post, { is: 'either', id: undefined })
    model.posts.delete(text)
  }
  for (const known of [model.follows, model.likes, model.boosts])
    for (const key of known.keys()) known.set(key, 'either')
  model.lasting.clear()
}
