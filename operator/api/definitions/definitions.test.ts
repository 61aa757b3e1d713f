import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allDefinitions } from './crd.ts'
import { definitionFiles } from './generate.ts'

test('the files in crds/ are what the schemas say: else run `npm run generate`', () => {
  for (const [name, text] of definitionFiles()) {
    expect(readFileSync(`crds/${name}`, 'utf8'), name).toBe(text)
  }
})

// Client-side apply keeps the whole object in an annotation of at most 262144 bytes.
test.each(allDefinitions())('definition %# is small enough to be applied', (d) => {
  expect(JSON.stringify(d).length).toBeLessThan(64 * 1024)
})

test('every field has a description for `kubectl explain`', () => {
  const bare: string[] = []
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    if ('properties' in node) {
      for (const [name, child] of Object.entries(Object(node.properties))) {
        if (path !== '' && !('description' in Object(child))) bare.push(`${path}.${name}`)
        visit(child, `${path}.${name}`)
      }
    }
    if ('items' in node) visit(node.items, `${path}[]`)
  }
  for (const d of allDefinitions()) {
    const { openAPIV3Schema } = Object(d.spec).versions[0].schema
    visit(openAPIV3Schema.properties.spec, 'spec')
    visit(openAPIV3Schema.properties.status, 'status')
  }
  expect(bare).toEqual([])
})
