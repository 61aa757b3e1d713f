// Who lives together: from pairs who wish for each other to groups that the planner can keep.

export type Wishing = {
  readonly id: string
  /** The ordinal of the instance where they must be. */
  readonly pinned?: number
  /** Members who wish for them, and for whom they wish. */
  readonly together: readonly string[]
}

/**
 * A word for each member who lives together with somebody, the same for all of a group. Friends of friends are one group,
 * so pairs are joined one after the other, in the order given; one that would make a group of more than `most`, or of
 * members who must be at two instances, is left out: the planner would otherwise refuse all of it.
 */
export function groupsOf(members: readonly Wishing[], most: number): ReadonlyMap<string, string> {
  const groups = new Map(
    members.map(({ id, pinned }) => [id, { word: id, ids: [id], pinned: pinned as number | undefined }]),
  )
  for (const { id, together } of members) {
    for (const other of together) {
      const [a, b] = [groups.get(id), groups.get(other)]
      if (!a || !b || a === b || a.ids.length + b.ids.length > most) continue
      if (a.pinned !== undefined && b.pinned !== undefined && a.pinned !== b.pinned) continue
      const joined = { word: a.word, ids: [...a.ids, ...b.ids], pinned: a.pinned ?? b.pinned }
      for (const one of joined.ids) groups.set(one, joined)
    }
  }
  return new Map(
    [...groups].filter(([, { ids }]) => ids.length > 1).map(([id, { word }]) => [id, word] as const),
  )
}
