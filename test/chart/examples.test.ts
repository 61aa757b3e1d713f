// What people copy from the chart and the README is what the schemas take.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { communityConditions, communitySpec } from '../../operator/api/community.ts'
import { describeProblems, parseCommunity } from '../../operator/api/objects.ts'
import { Reason } from '../../operator/api/reasons.ts'
import type { KubeObject } from '../../operator/kube/types.ts'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'charts/hamlet/examples')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

const communities = (text: string): KubeObject[] =>
  parseAllDocuments(text)
    .map((document): KubeObject => document.toJS())
    .filter(({ kind }) => kind === 'Community')

function check(text: string): void {
  for (const community of communities(text)) {
    const parsed = parseCommunity(community)
    expect(parsed.ok ? '' : describeProblems(parsed.problems)).toBe('')
    // A misspelt field would be dropped without a word.
    const known = z.strictObject(communitySpec.shape).safeParse(community.spec)
    expect(known.success, known.error && z.prettifyError(known.error)).toBe(true)
  }
}

const files = readdirSync(examples).filter((name) => !name.endsWith('.values.yaml'))

test.each(files)('example %s is a Community that would be taken', (file) => {
  const text = readFileSync(join(examples, file), 'utf8')
  expect(communities(text)).toHaveLength(1)
  check(text)
})

test('so is the one in the README', () => {
  const block = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? ''
  expect(communities(block)).toHaveLength(1)
  check(block)
})

/** `seats.perInstance` and so on: every field that is not a group of others. */
function leaves(schema: object, path: string): string[] {
  const { properties } = Object(schema) as { properties?: Record<string, object> }
  if (!properties) return [path]
  return Object.entries(properties).flatMap(([name, child]) => leaves(child, path ? `${path}.${name}` : name))
}

test('the README tells of every field, every condition, and of no reason that there is not', () => {
  const schema = z.toJSONSchema(communitySpec, { io: 'input', unrepresentable: 'any' })
  const fields = leaves(schema, '').map((path) =>
    path
      .replace(/^resources\.(requests|limits)\..*/, 'resources.$1')
      .replace('tls.issuer.kind', 'tls.issuer.name'),
  )
  const told = (field: string) =>
    readme.includes(`\`${field}\``) || readme.includes(`\`.${field.split('.').at(-1)}\``)
  expect(fields.filter((field) => !told(field))).toEqual([])
  expect(communityConditions.filter((type) => !readme.includes(`| \`${type}\` |`))).toEqual([])

  const section = readme.slice(readme.indexOf('### Conditions'), readme.indexOf('### Deleting'))
  const rows = section
    .slice(section.indexOf('Reasons that'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const reasons = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  expect(reasons.length).toBeGreaterThan(10)
  expect(reasons.filter((name) => !Object.values<string | undefined>(Reason).includes(name))).toEqual([])
})
