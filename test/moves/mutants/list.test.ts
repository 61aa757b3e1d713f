// A change of the code must take its mutants along: `npm run mutants` makes mistakes in it as it is.
import { access } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { MUTANTS } from './list.ts'
import { fits } from './mutate.ts'

test('each mutant has a name of its own', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
})

test.each(MUTANTS)('$name: fits the code, and its test is there', async (mutant) => {
  await fits(mutant)
  await access(new URL(`../../../${mutant.by.file}`, import.meta.url))
})
