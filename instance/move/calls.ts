// What the driver, and the two homes of a move, say to each other over the internal ports.
import { z } from 'zod'
import { handover } from '../federation/spool/handover.ts'
import type { SiblingAnswer, SiblingCall } from '../siblings/client.ts'
import { idText } from '../store/ids.ts'

/** How an instance is called: `Siblings['call']` in real life, a direct call in tests. */
export type InternalCall = (ordinal: number, path: string, options?: SiblingCall) => Promise<SiblingAnswer>

export const MOVES = '/internal/moves'

/** What the source does. */
export const SOURCE_VERBS = ['subscribe', 'quiesce', 'freeze', 'demote', 'release'] as const
/** What the target does. */
export const TARGET_VERBS = [
  'stage',
  'copy',
  'catch-up',
  'compare',
  'seal',
  'activate',
  'tidy',
  'drop',
] as const
export type SourceVerb = (typeof SOURCE_VERBS)[number]
export type TargetVerb = (typeof TARGET_VERBS)[number]

/** Every call says which move and whose attempt; a lower attempt than one seen before is refused. */
export const moveCall = z.object({ move: idText, attempt: z.number().int().min(1) })
export type MoveCall = z.infer<typeof moveCall>

/** Rows as JSON text, so that no number passes through JavaScript. */
const rows = z.array(z.tuple([z.string(), z.string()]))
const key = z.array(z.string())

/** Where a copy is: in which part (`PARTS`), and after which key of it. */
const place = z.object({ part: z.number().int().min(0), after: key.nullable() })
export type CopyPlace = z.infer<typeof place>

/** The target reads a page of the source's rows; one page may hold several parts. `next` is null at the end of all. */
export const pageCall = moveCall.extend({ at: place })
export const page = z.object({ rows, next: place.nullable() })
export type Page = z.infer<typeof page>

/** The same of what the source has kept, with the member's state before they were frozen. */
export const keptPage = page.extend({ was: z.string().nullable() })
export type KeptPage = z.infer<typeof keptPage>

/** For each table how many rows are the member's, and a SHA-256 over all of them, or over those that were asked for. */
export const digests = z.record(z.string(), z.object({ count: z.number(), sha256: z.string() }))
export type Digests = z.infer<typeof digests>

/** Rows by their keys, each with its table. */
const keys = z.array(z.tuple([z.string(), key]))
export type Keys = z.infer<typeof keys>

/** The target reads what changed since a snapshot of the source's database; null: since the log began. */
export const deltaCall = moveCall.extend({
  since: z.string().nullable(),
  /** Digests, in the same snapshot, of all of the member's rows, or of those that changed. The latter when frozen. */
  digests: z.enum(['all', 'changed']).optional(),
})
export type DeltaCall = z.infer<typeof deltaCall>
export const delta = z.object({
  rows,
  /** Keys of rows that are no more. */
  gone: keys,
  /** Keys of the member's own rows among `rows`. */
  own: keys,
  snapshot: z.string(),
  digests: digests.optional(),
  /** Of the tables that are carried, with digests: an upgrade may have come in the middle of the move. */
  schema: z.string().optional(),
  changes: z.number(),
  /** The member's state before they were frozen. */
  was: z.string().nullable(),
})
export type Delta = z.infer<typeof delta>

/** The target asks what the source had taken in that may take a follower away. As siblings hand over what they took. */
export const late = z.object({
  items: z.array(handover.pick({ activity_uri: true, actor_uri: true, body: true })),
})
export type Late = z.infer<typeof late>

/** A side's state as it was read back after the call. */
export const sideState = z.object({
  state: z.string(),
  /** Of the tables that are carried. */
  schema: z.string(),
  /** catch-up: how many keys had changed. */
  changes: z.number().optional(),
})
export type SideState = z.infer<typeof sideState>
