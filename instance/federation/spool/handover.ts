// What goes between siblings.
import { z } from 'zod'

const seq = z.string().regex(/^\d{1,19}$/)

export const handover = z.object({
  /** The sender's number of it: a repeated hand-over is stored once. */
  seq,
  activity_uri: z.string(),
  actor_uri: z.string(),
  recipient: z.string().nullable(),
  body: z.record(z.string(), z.unknown()),
})
export type Handover = z.infer<typeof handover>

export const handovers = z.object({ items: z.array(handover).min(1).max(500) })

/** The numbers that are stored at the receiver. */
export const handedOver = z.object({ taken: z.array(seq) })
