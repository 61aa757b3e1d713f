// What the operator asks every home before it plans who lives where: who has to do with whom, by opaque ids.
import { z } from 'zod'

export const TIES = '/internal/ties'

/** So long does a reply, boost or like count. */
export const TIE_DAYS = 90

const id = z.string().regex(/^\d{1,19}$/)
const count = z.number().int().min(0)

/** What a resident did towards another member of the community: whether they follow, and how often the rest. */
export const tie = z.object({
  from: id,
  to: id,
  follows: z.boolean(),
  replies: count,
  boosts: count,
  likes: count,
})
export type Tie = z.infer<typeof tie>

export const tiesAnswer = z.object({ ties: z.array(tie) })
