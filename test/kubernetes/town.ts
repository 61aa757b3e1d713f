// A community of a running operator whose cluster is played: its kubelet, and the homes that it opens.
import { conditionOf, type operate, until } from '../../operator/testing/operate.ts'
import { playKubelet, type World } from '../../operator/testing/world.ts'
import type { TestHomes } from './homes.ts'

type Operator = Awaited<ReturnType<typeof operate>>

/** `live` plays it until something holds; `opened`, until so many instances are open and one of them is empty. */
export function playTown(world: World, homes: TestHomes, operator: Operator) {
  const place = operator.place()
  const live = <T>(what: string, look: () => Promise<T>, holds: (seen: T) => unknown) =>
    until(
      what,
      async () => {
        await playKubelet(world, place)
        await homes.serve(place)
        return look()
      },
      holds,
      60_000,
    )
  /** `seats`: of each instance. */
  const opened = (instances: number, seats: number) =>
    live(`${instances} instances`, operator.community, (seen) => {
      // A wake, as an instance that gets full would send it.
      void fetch(`http://127.0.0.1:${operator.port}/wake/${place.namespace}/garden`, { method: 'POST' })
      const { status } = Object(seen)
      return (
        status?.instances === instances &&
        status.free === seats &&
        conditionOf(seen, 'Ready')?.status === 'True'
      )
    })
  return { place, live, opened }
}
