// What happens, in which order, and what goes wrong: chosen by a seed, small, and the same for the same seed.
import { seeded } from '../random.ts'
import { ALL_TALES } from '../run/strangers.ts'
import { HANDLES, type Handle, type Start } from '../world/fixture.ts'
import type { Act, Schedule } from './acts.ts'
import { withThirdHome } from './arriving.ts'
import { interruptions } from './interruptions.ts'
import { someOp } from './ops.ts'
import { withOthers, withRestore } from './restored.ts'

/** In one schedule of so many the directory is put back to an older copy of itself. */
const RESTORED_OF = 10
/** In one of so many a home is: it takes longer than four others. */
const HOME_RESTORED_OF = 20
/** In one of so many, and no database put back, a third home has to do with whoever is about to arrive. */
const ARRIVING_OF = 4

export function makeSchedule(seed: number, { homes = 3 } = {}): Schedule {
  const random = seeded(seed)
  const home = () => 1 + random.below(homes)
  const start: Start = {
    homes: { ana: home(), ben: home(), cem: home() },
    follows: HANDLES.flatMap((a) =>
      HANDLES.filter((b) => a !== b && random.chance(0.5)).map((b): [Handle, Handle] => [a, b]),
    ),
  }
  const tales = random.shuffle(ALL_TALES).slice(0, 1 + random.below(3))
  const moves = random.chance(0.7) ? 1 : 2
  let texts = 0
  const op = () => someOp(random, homes, () => `${seed}-${++texts}`)
  const acts: Act[] = []
  for (let n = 0; n < moves; n++) {
    for (let before = random.below(3); before > 0; before--) acts.push(op())
    acts.push({
      do: 'move',
      who: random.pick(HANDLES),
      target: home(),
      interruptions: interruptions(random, op),
    })
    if (random.chance(0.3)) acts.push(op())
  }
  const schedule = { seed, start, tales, acts }
  if (seed % RESTORED_OF === 0)
    return withOthers(
      withRestore(schedule, homes, () => 'directory'),
      homes,
    )
  if (seed % ARRIVING_OF === 2) return withThirdHome(schedule, homes, () => `${seed}-t${++texts}`)
  if (seed % HOME_RESTORED_OF !== 5) return schedule
  const restored = withRestore(schedule, homes, (chance) => {
    const moved = chance.pick(acts.flatMap((act) => (act.do === 'move' ? [act] : [])))
    return chance.pick([moved.target, start.homes[moved.who], moved.target, 1 + chance.below(homes)])
  })
  return withOthers(restored, homes)
}
