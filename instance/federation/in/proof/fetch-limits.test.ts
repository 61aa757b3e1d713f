import { expect, test } from 'vitest'
import { limitedFetches } from './fetch-limits.ts'

test('a slow host takes its own places, not those of the others', async () => {
  const slow = Promise.withResolvers<string>()
  const fetch = limitedFetches({ most: 5, perHost: 3 }, (address) =>
    address.startsWith('https://slow.example/') ? slow.promise : Promise.resolve(address),
  )
  const held = [1, 2, 3].map((at) => fetch(`https://slow.example/${at}`))
  await expect(fetch('https://slow.example/4')).rejects.toMatchObject({ kind: 'later' })
  expect(fetch('https://slow.example/1')).toBe(held[0])
  expect(await fetch('https://quick.example/1')).toBe('https://quick.example/1')
  slow.resolve('done')
  expect(await Promise.all(held)).toEqual(['done', 'done', 'done'])
  expect(await fetch('https://slow.example/4')).toBe('done')
})

test('all hosts together have a limit too', async () => {
  const fetch = limitedFetches({ most: 2, perHost: 3 }, () => new Promise<string>(() => undefined))
  void fetch('https://a.example/1')
  void fetch('https://b.example/1')
  await expect(fetch('https://c.example/1')).rejects.toMatchObject({ kind: 'later' })
})
