// What the operator asks every home before it plans who lives where: who has to do with whom, by opaque ids.
import { z } from 'zod'
import { idText } from '../../store/ids.ts'

export const TIES = '/internal/ties'

/** So long does a reply, boost or like count. */
export const TIE_DAYS = 90

const count = z.number().int().min(0)

/** What a resident did towards another member of the community: whether they follow, and how often the rest. */
export const tie = z.object({
  from: idText,
  to: idText,
  follows: z.boolean(),
  replies: count,
  boosts: count,
  likes: count,
})
export type Tie = z.infer<typeof tie>

export const tiesAnswer = z.object({ ties: z.array(tie) })
