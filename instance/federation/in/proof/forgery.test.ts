import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asActivity, isMalformed, readActivity } from '../activity.ts'
import { forged } from './forgery.ts'
import { draftCoverage, rfc9421Coverage } from './signature.ts'

const bob = 'https://far.example/users/bob'
const activity = (raw: Record<string, unknown>) => {
  const read = asActivity({ id: 'https://far.example/a/1', actor: bob, ...raw })
  if (isMalformed(read)) throw new Error(read.problem)
  return read
}
const note = { id: 'https://far.example/n/1', type: 'Note', attributedTo: bob }

test('what is honest passes', () => {
  expect(forged(activity({ type: 'Create', object: note }))).toBeUndefined()
  expect(forged(activity({ type: 'Delete', object: note.id }))).toBeUndefined()
  expect(forged(activity({ type: 'Delete', object: bob }))).toBeUndefined()
  expect(forged(activity({ type: 'Update', object: { id: bob, type: 'Person' } }))).toBeUndefined()
  expect(forged(activity({ type: 'Like', object: 'https://garden.example/n/1' }))).toBeUndefined()
  expect(forged(activity({ type: 'Undo', object: 'https://far.example/likes/1' }))).toBeUndefined()
  expect(forged(activity({ type: 'Undo', object: { type: 'Follow', actor: bob } }))).toBeUndefined()
})

test.each([
  ['another server’s id', { id: 'https://evil.example/a/1', type: 'Like', object: note.id }],
  ['another server’s post', { type: 'Create', object: { ...note, id: 'https://victim.example/n/1' } }],
  ['a post in another name', { type: 'Create', object: { ...note, attributedTo: `${bob}by` } }],
  ['a post in two names', { type: 'Create', object: { ...note, attributedTo: [bob, `${bob}by`] } }],
  ['a post in no name', { type: 'Create', object: { id: note.id, type: 'Note' } }],
  ['an update of somebody’s profile', { type: 'Update', object: { id: `${bob}by`, type: 'Person' } }],
  ['deletion at another server', { type: 'Delete', object: 'https://victim.example/n/1' }],
  ['undoing somebody’s like', { type: 'Undo', object: { type: 'Like', actor: `${bob}by` } }],
  ['an object over http', { type: 'Create', object: { ...note, id: 'http://far.example/n/1' } }],
])('%s is a forgery', (_name, raw) => {
  expect(forged(activity(raw))).toEqual(expect.any(String))
})

test('a body is read or named malformed, never thrown over', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const read = readActivity(Buffer.from(text))
      if (!isMalformed(read)) forged(read)
    }),
  )
  expect(readActivity(Buffer.from('{'))).toEqual({ problem: 'The body is no JSON.' })
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`
  expect(readActivity(Buffer.from(`{"object":${deep}}`))).toHaveProperty('problem')
  expect(asActivity({ id: 'https://a.example/1', type: 'Like', actor: [bob, bob] })).toHaveProperty('problem')
})

test('a signature must cover method, target, host and digest', () => {
  const draft = (headers: string) =>
    draftCoverage(`keyId="${bob}#main-key",headers="${headers}",signature="x"`)
  expect(draft('(request-target) host date digest')).toEqual({
    keyId: `${bob}#main-key`,
    address: true,
    enough: true,
  })
  expect(draft('(request-target) date digest').enough).toBe(false)
  expect(draft('(request-target) host date')).toMatchObject({ address: true, enough: false })
  expect(draft('(request-target) date').address).toBe(false)
  expect(draft('host date digest').enough).toBe(false)

  const input = (...names: string[]) => [
    { label: 'sig1', components: names.map((value) => ({ value, params: {} })), parameters: { keyid: bob } },
  ]
  expect(rfc9421Coverage(input('@method', '@target-uri', 'content-digest'), 'sig1').enough).toBe(true)
  expect(rfc9421Coverage(input('@method', '@path', '@authority', 'content-digest'), 'sig1').enough).toBe(true)
  expect(rfc9421Coverage(input('@method', '@path', 'content-digest'), 'sig1').enough).toBe(false)
  expect(rfc9421Coverage(input('@method', '@target-uri'), 'sig1')).toMatchObject({
    address: true,
    enough: false,
  })
  expect(rfc9421Coverage(input('@method'), 'sig1').address).toBe(false)
  expect(rfc9421Coverage(input('@target-uri', 'content-digest'), 'sig1').enough).toBe(false)
})
