// How far a copy is, as the target notes it in its row of the move.
import { z } from 'zod'
import { pageCall } from '../calls.ts'

/** What the target notes of a copy under way. */
export const progress = z.object({
  /** null: everything was copied once. */
  at: pageCall.shape.at.nullable(),
  /** Of the source's database: what it saw needs no catching up. */
  snapshot: z.string().nullable(),
  /**
   * Both copies were the same: as `source`, a snapshot of its database, saw it, and as `target`, one of this database,
   * sees it. Only what either does not see was changed since, and is all that has to be compared again.
   */
  compared: z
    .object({
      source: z.string(),
      target: z.string(),
      /** How many rows were staged, by table. */
      counts: z.record(z.string(), z.number()),
      /** How many own posts were here already. */
      posts: z.number(),
      /** Own posts that were not yet here as they are staged, and those that were staged anew afterwards. */
      unlike: z.array(z.string()),
    })
    .nullable()
    .default(null),
})
