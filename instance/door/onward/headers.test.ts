import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerHeaders, onwardHeaders, readSubject, writeSubject } from './headers.ts'

test('a request goes on without what is meant for this hop, and with the address that the door saw', () => {
  expect(
    onwardHeaders(
      {
        host: 'garden.example',
        cookie: 'a=b',
        connection: 'keep-alive, X-Secret',
        'x-secret': '1',
        'keep-alive': 'timeout=5',
        expect: '100-continue',
        'transfer-encoding': 'chunked',
        'x-forwarded-for': '6.6.6.6',
        'x-hamlet-key': 'guess',
        'x-hamlet-forwarded': 'id=1',
      },
      { handle: 'ana' },
      '192.0.2.7',
    ),
  ).toEqual({
    host: 'garden.example',
    cookie: 'a=b',
    'x-forwarded-for': '192.0.2.7',
    'x-hamlet-forwarded': 'handle=ana',
  })
})

test('every cookie of an answer is kept', () => {
  expect(
    answerHeaders({ 'set-cookie': ['a=1; Path=/', 'b=2'], connection: 'close', 'content-type': 'text/html' }),
  ).toEqual({ 'set-cookie': ['a=1; Path=/', 'b=2'], 'content-type': 'text/html' })
})

test('a subject survives its header, whatever the path held', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (handle) => {
      const written = writeSubject({ handle })
      expect(written).toMatch(/^[\x21-\x7e]*$/)
      expect(readSubject(written)).toEqual({ handle })
    }),
  )
  expect(readSubject(writeSubject({ id: '42' }))).toEqual({ id: '42' })
  expect([readSubject('id=x'), readSubject('handle=%E0'), readSubject('')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
