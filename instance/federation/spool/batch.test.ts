import { expect, test } from 'vitest'
import { firstBatch, sendWhatFits } from './batch.ts'

test('a batch is measured in octets, and one item goes however big it is', () => {
  const row = { body: '語'.repeat(100) }
  expect(firstBatch([row, row, row], 400)).toHaveLength(1)
  expect(firstBatch([row, row, row], 650)).toHaveLength(2)
  expect(firstBatch([row], 10)).toEqual([row])
  expect(firstBatch([], 10)).toEqual([])
})

test('what is too much is halved, down to one', async () => {
  const sizes: number[] = []
  const answering = (most: number) => async (items: readonly number[]) => {
    sizes.push(items.length)
    return { status: items.length > most ? 413 : 200 }
  }
  expect(await sendWhatFits([1, 2, 3, 4, 5], answering(2))).toEqual({
    items: [1, 2],
    answer: { status: 200 },
  })
  expect(await sendWhatFits([1, 2, 3], answering(0))).toEqual({ items: [1], answer: { status: 413 } })
  expect(sizes).toEqual([5, 3, 2, 3, 2, 1])
})
