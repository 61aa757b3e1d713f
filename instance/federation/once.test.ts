import { expect, test } from 'vitest'
import { once } from './once.ts'

test('what was made is kept', async () => {
  let made = 0
  const get = once(async () => ++made)
  const owner = {}
  expect([await get(owner), await get(owner), await get({})]).toEqual([1, 1, 2])
})

test('what could not be made is made when it is asked for again', async () => {
  let tries = 0
  const get = once(async () => {
    if (++tries === 1) throw new Error('the connection was lost')
    return tries
  })
  const owner = {}
  await expect(get(owner)).rejects.toThrow('the connection was lost')
  expect(await get(owner)).toBe(2)
})
