import { expect, test } from 'vitest'
import type { Cluster } from '../cluster.ts'
import { whyRefused } from '../kinds/context-cluster.ts'
import { chartValues } from './values.ts'

const theirs: Cluster = {
  kind: 'context',
  name: 'hamlet',
  kubeconfigPath: '/nowhere',
  ingressClass: 'nginx',
  images: {},
  loadImage: async () => {},
}

test('definitions bear the label of `up` from the beginning, so that a failed `up` can be repeated and taken back', () => {
  const { crds } = chartValues(theirs, 'example/hamlet:1', undefined) as {
    crds: { labels: Record<string, string> }
  }
  const trace = { kind: 'CustomResourceDefinition', name: 'communities.hamlet.coop', labels: crds.labels }
  expect(whyRefused([trace])).toBeUndefined()
  expect(whyRefused([{ ...trace, labels: {} }])).toContain('was not made by')
})
