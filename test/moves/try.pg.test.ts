import { expect, inject, test } from 'vitest'
import { runSchedule } from './run/run.ts'
import { makeSchedule } from './schedule.ts'
import { openWorld } from './world/world.ts'

test('x', async () => {
  const world = await openWorld(inject('postgresPort'))
  const from = Number(process.env.SEED ?? 1)
  const n = Number(process.env.N ?? 10)
  const t = performance.now()
  let moved = 0,
    undone = 0,
    bad = 0
  for (let seed = from; seed < from + n; seed++) {
    const v = await runSchedule(world, makeSchedule(seed))
    moved += v.moved
    undone += v.undone
    if (v.violations.length) {
      bad++
      console.log(seed, v.violations.join('\n'), process.env.LOG ? '\n' + v.log.join('\n') : '')
    }
  }
  console.log('per schedule', (performance.now() - t) / n, { moved, undone, bad })
  await world.close()
}, 600000)
