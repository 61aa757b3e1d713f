import { forTests } from '../../cluster/cluster.ts'
import { appImage } from '../../cluster/images/app-image.ts'
import { docker } from '../../cluster/images/engine.ts'
import { startCluster } from '../../cluster/kinds/start.ts'
import type { Bench } from '../figure.ts'

export const bench: Bench = {
  what: 'The size of the one image that operator and instances run from.',
  async run() {
    const cluster = await startCluster(forTests)
    const image = await appImage(cluster.images.appBase)
    const size = async (ref: string) =>
      Number(await docker(['image', 'inspect', '--format', '{{.Size}}', ref])) / 1e6
    const whole = await size(image)
    const base = cluster.images.appBase === undefined ? undefined : await size(cluster.images.appBase)
    const how = 'uncompressed, as the engine counts it'
    return [
      { what: 'image', value: whole, unit: 'MB', how },
      ...(base === undefined
        ? []
        : [
            {
              what: 'of which base: Node and the libraries it needs',
              value: base,
              unit: 'MB' as const,
              how: `${how}; the largest cost is Node's own binary`,
            },
          ]),
    ]
  },
}
