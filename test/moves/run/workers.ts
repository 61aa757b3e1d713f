// The background workers, a round at a time.
import { apply, type IntakeRow } from '../../../instance/federation/in/apply/apply.ts'
import { leaseDeliveries } from '../../../instance/federation/out/lease.ts'
import { settle } from '../../../instance/federation/out/try/settle.ts'
import { handOver } from '../../../instance/federation/spool/sender.ts'
import type { Pod, World } from '../world/world.ts'

const never = new AbortController().signal

/** Hands over what is in the spool. */
export async function handOverAll(world: World, { instance, ordinal }: Pod): Promise<void> {
  for (const to of world.pods) {
    if (to.ordinal === ordinal) continue
    let result: Awaited<ReturnType<typeof handOver>>
    do {
      result = await handOver(instance, to.ordinal, never)
    } while (result === 'more')
    if (result === 'failed') throw new Error(`instance ${ordinal} cannot hand anything to ${to.ordinal}`)
  }
}

/** Tries everything once that waits to be applied. */
export async function applyAll({ instance }: Pod): Promise<void> {
  const rows = await instance.db
    .selectFrom('intake')
    .select(['id', 'activity_uri', 'actor_uri', 'recipient', 'body', 'from_sibling'])
    .orderBy('id')
    .execute()
  for (const row of rows) await apply(instance, row satisfies IntakeRow)
}

/** Sends what is due to far.example. */
export async function deliverAll(world: World, { instance, process }: Pod): Promise<void> {
  for (;;) {
    const due = await leaseDeliveries(instance.db, { most: 8, leaseS: 60 })
    if (due.length === 0) return
    for (const delivery of due) {
      if (process.life.dead) return
      const activity = delivery.activity as { id: string; type: string; object: string | { id: string } }
      const object = typeof activity.object === 'string' ? activity.object : activity.object.id
      world.arrived.push({ inbox: delivery.inbox, id: activity.id, type: activity.type, object })
      await settle(instance.db, delivery, { is: 'delivered' })
    }
  }
}
