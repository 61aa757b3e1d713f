import { expect, test } from 'vitest'
import { createLine } from './line.ts'

test('work for one key never overlaps, whatever fails; that for another waits for none of it', async () => {
  const line = createLine()
  const said: string[] = []
  const gate = Promise.withResolvers<void>()
  const work = (name: string, until?: Promise<void>) => async () => {
    said.push(`${name} begins`)
    await until
    said.push(`${name} ends`)
    if (until) throw new Error(name)
  }
  const first = line('garden', work('first', gate.promise)).catch((error: Error) => error.message)
  const second = line('garden', work('second'))
  await line('orchard', work('other'))
  expect(said).toEqual(['first begins', 'other begins', 'other ends'])
  gate.resolve()
  expect(await first).toBe('first')
  await second
  expect(said.slice(3)).toEqual(['first ends', 'second begins', 'second ends'])
})
