import { spawnSync } from 'node:child_process'
import { type Bench, median, percentile } from '../figure.ts'
import { bench as prepare } from './process.ts'

export const bench: Bench = {
  what: 'How long an instance takes from process start to ready, beside an empty Node on the same machine.',
  async run(say) {
    const place = await prepare()
    const times: number[] = []
    const empty: number[] = []
    try {
      // The first start fills the compile cache, as building the image does.
      await (await place.start()).stop()
      for (let run = 1; run <= 10; run++) {
        const began = performance.now()
        spawnSync(process.execPath, ['-e', '0'])
        empty.push(performance.now() - began)
        const one = await place.start()
        times.push(one.readyMs)
        say(`run ${run}: ${Math.round(one.readyMs)} ms`)
        await one.stop()
      }
    } finally {
      await place.stop()
    }
    const how = '10 starts, compile cache filled, PostgreSQL on the same machine'
    return [
      { what: 'process start to ready, p50', value: median(times), unit: 'ms', aim: '≤ 500 ms', how },
      { what: 'process start to ready, p90', value: percentile(times, 0.9), unit: 'ms', how },
      {
        what: 'against an empty Node process',
        value: median(times) / median(empty),
        unit: '×',
        how: `an empty Node starts and ends in ${Math.round(median(empty))} ms (p50 of 10, in turn)`,
      },
    ]
  },
}
