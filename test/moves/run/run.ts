// One schedule from its beginning to its verdict.
import { check } from '../invariants/check.ts'
import { seeded } from '../random.ts'
import type { Schedule } from '../schedule/acts.ts'
import type { Which } from '../world/copies.ts'
import { begin, HANDLES } from '../world/fixture.ts'
import type { World } from '../world/world.ts'
import { look } from './look.ts'
import { type Play, play } from './play.ts'
import { settle } from './settle.ts'
import { story } from './strangers.ts'

export type Verdict = {
  readonly seed: number
  readonly violations: readonly string[]
  readonly log: readonly string[]
  /** How the moves ended. */
  readonly moved: number
  readonly undone: number
  /** What was put back, each time. */
  readonly restores: readonly Which[]
}

export async function runSchedule(world: World, schedule: Schedule): Promise<Verdict> {
  const model = await begin(world, schedule.start)
  const state: Play = {
    world,
    model,
    tales: schedule.tales,
    story: seeded(schedule.seed).shuffle(story(world, model, schedule.tales)),
    told: new Set(),
    pages: new Map(),
    running: new Set(),
    log: [JSON.stringify(schedule.start)],
    copies: [],
    restores: [],
  }
  const someone = (n: number) => HANDLES[n % HANDLES.length] ?? 'ana'
  const pod = (n: number) => 1 + (n % world.pods.length)
  try {
    for (const handle of HANDLES) await look(state, schedule.start.homes[handle], handle, true)
    await play(state, schedule)
    await settle(state)
    await look(state, pod(schedule.seed), someone(schedule.seed), true)
    await check(state)
  } catch (error) {
    model.violations.push(`it broke off: ${error instanceof Error ? error.stack : String(error)}`)
  }
  const { rows } = await world.directory.query<{ step: string }>('SELECT step FROM moves')
  const count = (step: string) => rows.filter((row) => row.step === step).length
  return {
    seed: schedule.seed,
    violations: model.violations,
    log: state.log,
    moved: count('done'),
    undone: count('undone'),
    restores: state.restores,
  }
}
