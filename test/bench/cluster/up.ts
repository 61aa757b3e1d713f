import { forTests } from '../../cluster/cluster.ts'
import { stopCluster } from '../../cluster/kinds/start.ts'
import { hamlet } from '../../stories/hamlet.ts'
import type { Bench } from '../figure.ts'
import { statusOf } from './cluster.ts'

/** The steps of `npm run up`, on the cluster that tests use, so that a person's own is left alone. */
export const bench: Bench = {
  what: 'From no cluster to a community that serves, with everything built before: what `npm run up` does.',
  async run() {
    await stopCluster(forTests)
    const began = performance.now()
    const h = await hamlet()
    const installed = performance.now()
    await h.apply('first')
    await h.ready('first')
    if ((await statusOf(h.site('first'))) !== 200)
      throw new Error('the community is ready and does not serve')
    const served = performance.now()
    const again = await hamlet().then(() => performance.now() - served)
    await h.remove('first')
    const how = 'one run, container engine not running before'
    return [
      { what: 'until it serves', value: (served - began) / 1000, unit: 's', aim: '≤ 90 s', how },
      {
        what: '… of which cluster, image and chart',
        value: (installed - began) / 1000,
        unit: 's',
        how: 'the largest cost is the start of the node and its pods',
      },
      { what: 'the same once more', value: again / 1000, unit: 's', how: 'everything is there already' },
    ]
  },
}
