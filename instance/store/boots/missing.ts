// A short name for a set of members who are missing, which says nothing about who they are.
import { createHash } from 'node:crypto'

/** The same for the same members, in whatever order; empty for nobody. */
export const codeOf = (ids: readonly string[]): string =>
  ids.length === 0 ? '' : createHash('sha256').update(ids.toSorted().join(',')).digest('hex').slice(0, 10)
