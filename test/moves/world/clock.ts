// Clocks of pods and of their databases, which are set while they run.
import type { Pod } from './world.ts'

/** What a database holds against its own clock while moves run: ends of leases, and when somebody was frozen or came. */
const HELD = [
  ['deliveries', 'leased_until'],
  ['intake', 'leased_until'],
  ['moves', 'frozen_at'],
  ['moves', 'changed_at'],
] as const

/**
 * Sets a pod's clock by so many seconds; forward, its database's as well: what it holds is then as much older, for a
 * server's own clock cannot be set. Set back, that would only make leases longer.
 */
export async function setClock({ clock, admin }: Pod, seconds: number): Promise<void> {
  clock.skewMs += seconds * 1000
  if (seconds < 0) return
  for (const [table, column] of HELD) {
    await admin.query(`UPDATE ${table} SET ${column} = ${column} - $1 * interval '1 second'`, [seconds])
  }
}
