import { expect, test } from 'vitest'
import { readResource } from './webfinger.ts'

test.each([
  ['acct:ana@garden.example', { handle: 'ana' }],
  ['acct:ANA@Garden.Example', { handle: 'ana' }],
  ['@ana@garden.example', { handle: 'ana' }],
  ['ana@garden.example', { handle: 'ana' }],
  ['https://garden.example/users/Ana', { handle: 'ana' }],
  ['https://garden.example/@ana', { handle: 'ana' }],
  ['acct:garden.example@garden.example', 'community'],
  ['https://garden.example/actor', 'community'],
  ['acct:ana@other.example', undefined],
  ['https://other.example/users/ana', undefined],
  ['http://garden.example/users/ana', undefined],
  ['https://garden.example/users/ana/posts/1', undefined],
  ['acct:ana', undefined],
  ['', undefined],
])('%s', (resource, subject) => {
  expect(readResource(resource, 'https://garden.example')).toEqual(subject)
})
