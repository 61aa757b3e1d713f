import { expect, test } from 'vitest'
import { asActivity, httpsUri, isMalformed } from './activity.ts'

const activity = (more: object) => ({
  id: 'https://far.example/1',
  type: 'Create',
  actor: 'https://far.example/bob',
  ...more,
})

test('what the database cannot hold is taken out of texts, and names with it are left out', () => {
  const read = asActivity(activity({ object: { content: 'a\0b\ud800c', 'x\0': 1, list: ['\0', 7, null] } }))
  if (isMalformed(read)) throw new Error(read.problem)
  expect(read.object).toEqual({ content: 'ab\ufffdc', list: ['', 7, null] })
  expect(read.raw.object).toEqual(read.object)
})

test('a name that only looks like another one puts nobody else in its place', () => {
  const read = asActivity(activity({ 'actor\0': 'https://far.example/eve' }))
  if (isMalformed(read)) throw new Error(read.problem)
  expect(read.raw).toEqual(activity({}))
})

test('no address has a NUL or half a character', () => {
  expect(httpsUri('https://far.example/a\0b')).toBeUndefined()
  expect(httpsUri('https://far.example/\ud800')).toBeUndefined()
  expect(asActivity(activity({ id: 'https://far.example/\0' }))).toHaveProperty('problem')
})
