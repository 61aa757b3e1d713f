// Many schedules, in a few worlds beside each other, so that PostgreSQL and this process both have something to do.
import { makeSchedule } from '../schedule/schedule.ts'
import { openWorld } from '../world/world.ts'
import { runSchedule, type Verdict } from './run.ts'

export type Tally = {
  schedules: number
  moved: number
  undone: number
  /** In how many the directory was put back. */
  restored: number
  /** In how many a home was. */
  homesRestored: number
  readonly failed: Verdict[]
}

const WORLDS = 5

/** Runs `most` schedules, with the seeds from `seed` on. Each is told to `done` when it has ended. */
export async function runMany(
  postgresPort: number,
  options: {
    readonly seed: number
    readonly most: number
    /** Once aborted, no schedule is begun. */
    readonly stopping?: AbortSignal
    readonly done?: (verdict: Verdict, tally: Tally) => void
  },
): Promise<Tally> {
  const tally: Tally = { schedules: 0, moved: 0, undone: 0, restored: 0, homesRestored: 0, failed: [] }
  let next = options.seed
  const one = async () => {
    const world = await openWorld(postgresPort)
    try {
      while (next < options.seed + options.most && !options.stopping?.aborted) {
        const verdict = await runSchedule(world, makeSchedule(next++))
        tally.schedules++
        tally.moved += verdict.moved
        tally.undone += verdict.undone
        if (verdict.restores.includes('directory')) tally.restored++
        else if (verdict.restores.length > 0) tally.homesRestored++
        if (verdict.violations.length > 0) tally.failed.push(verdict)
        options.done?.(verdict, tally)
      }
    } finally {
      await world.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(WORLDS, options.most) }, one))
  return tally
}

/** What is to be known of a schedule that failed. */
export const report = ({ seed, violations, log }: Verdict): string =>
  [
    `seed ${seed}: npm run soak -- --schedules 1 --seed ${seed}`,
    ...violations,
    ...log.map((line) => `    ${line}`),
  ].join('\n')
