// How much of the spool is handed over at once.

/** The first of `rows` whose JSON has at most `maxBytes` octets together; always at least one, if there is any. */
export function firstBatch<Row>(rows: readonly Row[], maxBytes: number): Row[] {
  let bytes = 0
  const batch: Row[] = []
  for (const row of rows) {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1
    if (batch.length > 0 && bytes > maxBytes) break
    batch.push(row)
  }
  return batch
}

/** Sends; while it is too much (413) it sends the first half, down to one item. Says what was sent in the end. */
export async function sendWhatFits<Item, Answer extends { readonly status: number }>(
  items: readonly Item[],
  send: (items: readonly Item[]) => Promise<Answer>,
): Promise<{ readonly items: readonly Item[]; readonly answer: Answer }> {
  const answer = await send(items)
  if (answer.status !== 413 || items.length <= 1) return { items, answer }
  return sendWhatFits(items.slice(0, Math.ceil(items.length / 2)), send)
}
