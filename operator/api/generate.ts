// Writes crds/ from the schemas. `npm run generate`; a test compares.
import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { communityDefinition, instanceDefinition } from './crd.ts'

const HEAD =
  '# Made by operator/api/generate.ts from the schemas beside it: change those, then `npm run generate`.\n'

/** File name in crds/ → its text. */
export function definitionFiles(): Map<string, string> {
  return new Map([
    ['hamlet.coop_communities.yaml', HEAD + yaml(communityDefinition())],
    ['hamlet.coop_instances.yaml', HEAD + yaml(instanceDefinition())],
  ])
}

const yaml = (value: object): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

if (import.meta.main) {
  for (const [name, text] of definitionFiles()) {
    writeFileSync(new URL(`../../crds/${name}`, import.meta.url), text)
  }
}
