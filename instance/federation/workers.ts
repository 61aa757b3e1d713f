// The background work of federation: what came in, what goes to siblings, what goes out.
import type { Instance } from '../instance.ts'
import { startIntake } from './in/apply/worker.ts'
import type { Worker } from './loop.ts'
import { type DeliveryOptions, startDeliveries } from './out/worker.ts'
import { startSpool } from './spool/sender.ts'

export type FederationWorkers = Worker

/** Started when the servers listen. `stop` ends requests under way and gives their leases back. */
export function startFederationWorkers(
  instance: Instance,
  options: Partial<DeliveryOptions> = {},
): FederationWorkers {
  const random = options.random ?? instance.random
  const workers = [
    startIntake(instance, random),
    startSpool(instance, random),
    startDeliveries(instance, { ...options, random }),
  ]
  return {
    poke: () => {
      for (const worker of workers) worker.poke()
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}
