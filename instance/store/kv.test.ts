// That a name is of a declared kind is seen by the compiler. Here is held what it does not see: SQL in plain text.
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { InstanceDatabase } from './database.ts'
import { KV, kvSet, ofHome, ofMember } from './kv.ts'

const ROOT = new URL('../', import.meta.url)

test('names say of what kind a value is, and whose', () => {
  expect(ofMember('once', '7', 'a:b')).toBe('once:7:a:b')
  expect(ofHome('key', 'https://far.example/users/zoe#main-key')).toBe(
    'key:https://far.example/users/zoe#main-key',
  )
  // None begins with another's name: whose a value is would be read from the wrong one.
  for (const kind of Object.keys(KV)) expect(kind).toMatch(/^[a-z-]+$/)
})

test('the compiler refuses kinds that are not declared, or are of something else, and names made by hand', () => {
  const refused = (db: InstanceDatabase) => [
    // @ts-expect-error
    ofMember('draft', '7', 'a'),
    // @ts-expect-error
    ofMember('key', '7', 'a'),
    // @ts-expect-error
    ofHome('once', 'a'),
    // @ts-expect-error
    kvSet(db, 'draft:7:a', 1, 1),
    // @ts-expect-error
    db.insertInto('kv').values({ key: 'draft:7:a', value: '1', expires_at: new Date() }),
    // @ts-expect-error
    db.updateTable('kv').set({ key: 'draft:7:a' }),
  ]
  expect(refused).toBeInstanceOf(Function)
})

test('nowhere is kv written by SQL in plain text, or a name made but by the functions for it', async () => {
  const files = await readdir(ROOT, { recursive: true })
  const code = files.filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
  expect(code).toContain('store/kv.ts')
  const found: string[] = []
  for (const file of code) {
    const text = await readFile(new URL(file, ROOT), 'utf8')
    if (/\b(INTO|UPDATE|COPY|ON)\s+(public\.)?"?kv\b/i.test(text) || /\bas KvName\b/.test(text))
      found.push(file)
  }
  expect(found).toEqual(['store/kv.ts'])
})
