// Who gets an activity: pure, so that it can be tried with any mix of people.

export type Recipient = {
  readonly id: string
  /** null: our own community. */
  readonly domain: string | null
  readonly inbox: string
  readonly shared_inbox: string | null
}

export type Destinations = {
  /** Inboxes of remote servers, each once. */
  readonly inboxes: readonly string[]
  /** Ordinals of siblings, each once. */
  readonly siblings: readonly number[]
}

export type Community = {
  readonly ordinal: number
  /** Every ordinal of the community that may have residents. */
  readonly ordinals: readonly number[]
  /** The home of a member, if this process knows it. */
  homeOf(memberId: string): number | undefined
}

/**
 * Remote people are reached at their server's shared inbox, so that a server gets one copy however many it has.
 * Residents need nothing sent: what concerns them was written where it happened. A member whose home is unknown here
 * may live at any sibling, so all get it. `everySibling` is for what any of them may have cached.
 */
export function destinations(
  people: readonly Recipient[],
  community: Community,
  everySibling: boolean,
): Destinations {
  const inboxes = new Set<string>()
  const siblings = new Set<number>(everySibling ? community.ordinals : [])
  for (const person of people) {
    if (person.domain !== null) {
      inboxes.add(person.shared_inbox ?? person.inbox)
      continue
    }
    const home = community.homeOf(person.id)
    for (const ordinal of home === undefined ? community.ordinals : [home]) siblings.add(ordinal)
  }
  siblings.delete(community.ordinal)
  return { inboxes: [...inboxes].sort(), siblings: [...siblings].sort((a, b) => a - b) }
}
