import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idTime, remoteAccountId, remotePostId } from './ids.ts'

const secret = Buffer.alloc(32, 7)
const MAX = (1n << 63n) - 1n
const date = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
const recent = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })

test('a remote post’s id is positive, marked as remote, and the same for the same post', () => {
  fc.assert(
    fc.property(fc.webUrl(), fc.option(date, { nil: undefined }), date, (uri, published, received) => {
      const id = BigInt(remotePostId(secret, uri, published, received))
      expect(id > 0n && id <= MAX).toBe(true)
      expect((id >> 20n) & 1n).toBe(1n)
      expect(remotePostId(secret, uri, published, received)).toBe(String(id))
    }),
  )
})

test('ids follow the earlier of both dates, to the second at least, and never run ahead of the future', () => {
  fc.assert(
    fc.property(fc.webUrl(), recent, recent, (uri, published, received) => {
      const time = Math.min(published.getTime(), received.getTime())
      const difference = idTime(remotePostId(secret, uri, published, received)) - time
      if (time % 1000 === 0) expect(difference >= 0 && difference < 1000).toBe(true)
      else expect(difference).toBe(0)
    }),
  )
})

test('posts of one whole second are spread over its milliseconds', () => {
  const at = new Date('2026-01-01T00:00:00Z')
  const times = new Set(
    Array.from(
      { length: 200 },
      (_, n) => idTime(remotePostId(secret, `https://a.example/${n}`, at, at)) % 1000,
    ),
  )
  expect(times.size).toBeGreaterThan(150)
})

test('another secret gives other ids, so nobody outside can aim at one', () => {
  const at = new Date('2026-01-01T00:00:00.123Z')
  const uri = 'https://a.example/1'
  expect(remotePostId(Buffer.alloc(32, 1), uri, at, at)).not.toBe(remotePostId(secret, uri, at, at))
  expect(remoteAccountId(Buffer.alloc(32, 1), uri)).not.toBe(remoteAccountId(secret, uri))
})

test('an account’s id never meets that of a member or a post made before 2039', () => {
  const latest = (BigInt(Date.UTC(2039, 0, 1)) << 21n) | ((1n << 21n) - 1n)
  fc.assert(
    fc.property(fc.webUrl(), (uri) => {
      const id = BigInt(remoteAccountId(secret, uri))
      expect(id > latest && id <= MAX).toBe(true)
    }),
  )
})
