// Schedules of moves without end: `npm run soak -- --schedules 10000 --seed 1`. Exits 1 if one of them broke an invariant.
// Of one that is played alone, and fails, it also looks for the least that does.
import { InputError } from '../../../operator/rebalance/cli/read.ts'
import { startPostgres } from '../../postgres/server/server.ts'
import { report, runMany } from '../run/many.ts'
import { runSchedule } from '../run/run.ts'
import type { Schedule } from '../schedule/acts.ts'
import { makeSchedule } from '../schedule/schedule.ts'
import { openWorld } from '../world/world.ts'
import { fewest } from './fewest.ts'
import { readOptions, type SoakOptions } from './options.ts'

const RUNS = 200

function options(): SoakOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

const { schedules: most, seed } = options()

const stopping = new AbortController()
// Those that are being played end, for PostgreSQL would outlive this process; it takes seconds.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort())

const server = await startPostgres({ detached: true })
const began = performance.now()
let told = began
const tally = await runMany(server.port, {
  seed,
  most,
  stopping: stopping.signal,
  done: (verdict, { schedules, moved, undone, restored, homesRestored, failed }) => {
    if (verdict.violations.length > 0) console.log(report(verdict))
    if (performance.now() - told < 10_000 && schedules < most && !stopping.signal.aborted) return
    told = performance.now()
    const seconds = (told - began) / 1000
    console.log(
      `${schedules} of ${most} schedules in ${Math.round(seconds)} s (${(schedules / seconds).toFixed(1)} a second): ${moved} moves done, ${undone} undone, ${restored} with a directory that went back, ${homesRestored} with a home that did, ${failed.length} schedules failed`,
    )
  },
})
if (most === 1 && tally.failed.length > 0) {
  console.log(`Looking for the least of it that fails, ${RUNS} times at most …`)
  const world = await openWorld(server.port)
  const failing = async (tried: Schedule) => (await runSchedule(world, tried)).violations.length > 0
  const least = await fewest(makeSchedule(seed), failing, RUNS)
  console.log(JSON.stringify(least, null, 1))
  console.log(report(await runSchedule(world, least)))
  await world.close()
}
await server.stop()
for (const { seed } of tally.failed) console.log(`failed: --seed ${seed}`)
process.exitCode = tally.failed.length > 0 ? 1 : stopping.signal.aborted ? 130 : 0
