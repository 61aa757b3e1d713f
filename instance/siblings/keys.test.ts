import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseKeys, watchKeys } from './keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'hamlet-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a key rotates under a running process: both are accepted, then only the new one', () => {
  const file = join(folder, 'internal-key')
  let now = 0
  writeFileSync(file, 'old\n')
  const keys = watchKeys(file, { clock: () => new Date(now), everyMs: 10_000 })
  expect(keys.current()).toBe('old')
  writeFileSync(file, 'new\nold\n')
  now = 10_000
  expect(keys.current()).toBe('new')
  expect([keys.accepts('new'), keys.accepts('old'), keys.accepts('none'), keys.accepts(undefined)]).toEqual([
    true,
    true,
    false,
    false,
  ])
  rmSync(file)
  now = 20_000
  expect(keys.accepts('old')).toBe(true)
  writeFileSync(file, 'new')
  now = 30_000
  expect(keys.accepts('old')).toBe(false)
})

test('a file without a key is refused, or anybody could come in with the empty one', () => {
  expect(() => parseKeys(' \n\n')).toThrow('holds no key')
})
