import { expect, test } from 'vitest'
import { identityProblem } from './identity.ts'

const config = { domain: 'garden.example', ordinal: 2 }
const right = { domain: 'garden.example', prefix: 'garden_1a2b', ordinal: 2 }

test('right databases have no problem; a wrong one is named with what was wanted', () => {
  expect(identityProblem(config, right, right)).toBeUndefined()
  expect(identityProblem(config, undefined, right)).toContain('database-url names a wrong or a new database')
  expect(identityProblem(config, right, undefined)).toContain('directory-url names a wrong database')
  expect(identityProblem(config, { ...right, ordinal: 1 }, right)).toContain('instance 1 of garden.example')
  expect(identityProblem(config, { ...right, domain: 'b.example' }, right)).toContain(
    'of b.example, not that of',
  )
  expect(identityProblem(config, right, { ...right, domain: 'b.example' })).toContain(
    'directory of b.example',
  )
  expect(identityProblem(config, right, { ...right, prefix: 'other' })).toContain('two different communities')
})
