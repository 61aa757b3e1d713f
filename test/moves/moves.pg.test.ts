import { expect, inject, test } from 'vitest'
import { report, runMany } from './run/many.ts'

const SEED = 1
const MOST = 1000

test('whatever members, strangers, crashes and lost answers do while people move: the invariants hold', async () => {
  const tally = await runMany(inject('postgresPort'), { seed: SEED, most: MOST })
  console.log(
    `${tally.schedules} schedules from seed ${SEED}: ${tally.moved} moves done, ${tally.undone} undone, ${tally.restored} with a directory that went back, ${tally.homesRestored} with a home that did`,
  )
  expect(tally.failed.map(report).join('\n\n')).toBe('')
  // Something was tried: most moves come to their end in spite of it all.
  expect(tally.moved).toBeGreaterThan(tally.undone)
  expect([tally.undone, tally.restored, tally.homesRestored].every((times) => times > 0)).toBe(true)
}, 1_800_000)
