import { expect, test } from 'vitest'
import { wantsDocument } from './negotiate.ts'

test.each([
  ['application/activity+json', true],
  ['application/ld+json; profile="https://www.w3.org/ns/activitystreams"', true],
  ['application/activity+json, application/ld+json, text/html;q=0.1', true],
  ['application/json', true],
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['application/*', false],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
  ['text/html, application/activity+json', false],
  ['application/activity+json;q=0, text/html', false],
  ['application/activity+json;q=0.9, text/html;q=0.5', true],
])('%j: %s', (accept, wanted) => {
  expect(wantsDocument(accept)).toBe(wanted)
})
