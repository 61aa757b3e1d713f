// Writes crds/ from the schemas, and the chart's copy, since Helm reads nothing outside the chart. `npm run generate`;
// tests compare.
import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { communityDefinition, instanceDefinition, rebalanceDefinition } from './crd.ts'

const HEAD =
  '# Made by operator/api/definitions/generate.ts from the schemas in operator/api: change those, then `npm run generate`.\n'

/** File name in crds/ → its text. */
export function definitionFiles(): Map<string, string> {
  return new Map([
    ['hamlet.coop_communities.yaml', HEAD + yaml(communityDefinition())],
    ['hamlet.coop_instances.yaml', HEAD + yaml(instanceDefinition())],
    ['hamlet.coop_rebalances.yaml', HEAD + yaml(rebalanceDefinition())],
  ])
}

// Helm and kubectl read YAML 1.1, where a bare Off, No or On is a boolean: such words are quoted.
const yaml = (value: object): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })

if (import.meta.main) {
  for (const [name, text] of definitionFiles()) {
    for (const folder of ['crds', 'charts/hamlet/crd-files']) {
      writeFileSync(new URL(`../../../${folder}/${name}`, import.meta.url), text)
    }
  }
}
