import { expect, test } from 'vitest'
import { isRefusal, refusalText } from '../refusal.ts'
import { checkDraft, checkReply, replyVisibility, VISIBILITIES } from './draft.ts'

const code = (text: string, summary?: string) => {
  const checked = checkDraft({ text, visibility: 'public', ...(summary !== undefined && { summary }) })
  return isRefusal(checked) ? checked.code : checked.text
}

test('a post has something in it, and at most 5,000 characters however they are encoded', () => {
  expect(code(' \n\u0000 ')).toBe('empty-post')
  expect(code('🌻'.repeat(5_000))).toBe('🌻'.repeat(5_000))
  expect(code('🌻'.repeat(5_001))).toBe('long-post')
  expect(code('x', 'y'.repeat(301))).toBe('long-summary')
  expect(code(Array.from({ length: 26 }, (_, at) => `@a${at}`).join(' '))).toBe('many-mentions')
  const refusal = checkDraft({ text: 'x'.repeat(5_001), visibility: 'public' })
  expect(isRefusal(refusal) && refusalText(refusal)).toBe(
    'A post has at most 5000 characters; this one has 5001. Shorten it, or write two.',
  )
})

test('the visibility that a reply is offered is one that it may have', () => {
  for (const parent of VISIBILITIES) expect(checkReply(replyVisibility(parent), parent)).toBeUndefined()
  expect(checkReply('public', 'instance')?.code).toBe('reply-stays-here')
  expect(checkReply('followers', 'direct')?.code).toBe('reply-stays-direct')
})
