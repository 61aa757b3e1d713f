// The hashtags of posts, by which they are found.
import type { InstanceTransaction } from '../../store/database.ts'

const NAME = /^[\p{L}\p{M}\p{N}_]{1,100}$/u
/** Posts that carry more are advertisements. */
const MOST = 50

/** As tags are compared, without `#`; undefined if this can be none. */
export function foldTag(name: string): string | undefined {
  const folded = name.replace(/^#/, '').normalize('NFKC').toLowerCase()
  return NAME.test(folded) ? folded : undefined
}

/** The page of a tag. */
export const hashtagPage = (origin: string, tag: string): string =>
  `${origin}/tags/${encodeURIComponent(foldTag(tag) ?? tag.toLowerCase())}`

/** Keeps these tags for the post, and no others. Names as they come; what is no tag is left out. */
export async function keepTags(
  tx: InstanceTransaction,
  postId: string,
  names: readonly string[],
): Promise<void> {
  const tags = [...new Set(names.flatMap((name) => foldTag(name) ?? []))].slice(0, MOST)
  let others = tx.deleteFrom('post_tags').where('post_id', '=', postId)
  if (tags.length > 0) others = others.where('tag', 'not in', tags)
  await others.execute()
  if (tags.length === 0) return
  await tx
    .insertInto('post_tags')
    .values(tags.map((tag) => ({ post_id: postId, tag })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
