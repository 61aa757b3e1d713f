// The activities that hold an edge (a follow, like or boost): one column with their URIs, the newest last. Pure.
//
// A remote follows, undoes that and follows again; the three may come in any order. If only the last URI were kept, a
// late undo of the first could not be told from an undo of the second.

const SEPARATOR = ' '
const MOST = 10

export const urisOf = (column: string | null): string[] =>
  (column ?? '').split(SEPARATOR).filter((uri) => uri !== '')

/** The column with one more URI; the oldest fall out. */
export function withUri(column: string | null, uri: string): string {
  const others = urisOf(column).filter((known) => known !== uri)
  return [...others, uri].slice(-MOST).join(SEPARATOR)
}

/** What is left when one activity was undone; null when nothing holds the edge any more. */
export function withoutUri(column: string | null, uri: string): string | null {
  const rest = urisOf(column).filter((known) => known !== uri)
  return rest.length === 0 ? null : rest.join(SEPARATOR)
}

/** The activity that an answer refers to. */
export const newestUri = (column: string | null): string | null => urisOf(column).at(-1) ?? null
