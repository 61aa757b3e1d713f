// At the door of a home: a request for somebody who is just leaving, or has just come.
import type { DoorDeps, IsHere } from '../door/deps.ts'
import type { Subject } from '../door/route.ts'
import type { Instance } from '../instance.ts'
import { isRefusal } from '../refusal.ts'
import { isDatabaseDown, pause } from '../store/failures.ts'
import { activate } from './arriving/activate.ts'
import type { MoveDeps } from './fence.ts'

/** How long a write waits for the end of a freeze. A move takes a fraction of it. */
const HOLD_MS = 3_000
const LOOK_MS = 25

export type GateDeps = MoveDeps & Pick<Instance, 'log'>
type Gate = NonNullable<DoorDeps['gate']>

/**
 * Asked when memory says that a member lives here. `here`: serve it. `elsewhere`: memory was wrong, and is now right.
 * `undecided`: a write that waited for the end of a freeze, and for too long, or somebody who cannot be made active.
 * `unknown`: the directory gives no answer. Whoever has just arrived is made active first. Communities of one instance are not asked anything.
 */
export function makeGate(instance: GateDeps): Gate {
  const { db, homes, config } = instance
  const fresh = async (id: string) => (await homes.freshById(id))?.home
  const decide = async (id: string, writes: boolean) => {
    const end = performance.now() + HOLD_MS
    for (;;) {
      const row = await db.selectFrom('members').select('state').where('id', '=', id).executeTakeFirst()
      if (row !== undefined && SERVED.has(row.state)) return 'here'
      // Only the directory knows whether the move was decided.
      if ((await fresh(id)) !== config.ordinal) return 'elsewhere'
      // Lives here and is not here: the pages say that it is our fault.
      if (row === undefined || row.state === 'leaving') return 'here'
      if (row.state === 'frozen' && !writes) return 'here'
      if (row.state === 'staged' && (await activateArrived(instance, id))) continue
      if (performance.now() > end) return 'undecided'
      await pause(LOOK_MS, new AbortController().signal)
    }
  }
  return async (subject: Subject, writes: boolean) => {
    if (homes.instances().length < 2) return 'here'
    const home = 'id' in subject ? homes.byId(subject.id) : homes.byHandle(subject.handle)
    if (home?.state !== 'active') return 'here'
    try {
      return await decide(home.id, writes)
    } catch (error) {
      if (isDatabaseDown(error)) {
        instance.log.warn({ err: error }, 'whether a member is being moved cannot be read')
        return 'unknown'
      }
      instance.log.error({ err: error }, 'whether a member is here could not be settled')
      return 'undecided'
    }
  }
}

/** Whether this home has them, as they are or frozen. Of whom the directory does not have it says nothing. */
export function makeIsHere({ db, homes }: Pick<GateDeps, 'db' | 'homes'>): IsHere {
  return async (subject) => {
    const home = 'id' in subject ? homes.byId(subject.id) : homes.byHandle(subject.handle)
    if (home?.state !== 'active') return true
    const row = await db.selectFrom('members').select('state').where('id', '=', home.id).executeTakeFirst()
    return row !== undefined && PRESENT.has(row.state)
  }
}

const PRESENT = new Set(['active', 'suspended', 'frozen'])
const SERVED = new Set(['active', 'suspended', 'pending'])

/** Activates a member whose move to this home was switched and not yet ended. False if there is no such move. */
export async function activateArrived(deps: MoveDeps, memberId: string): Promise<boolean> {
  const move = await deps.db
    .selectFrom('moves')
    .select(['id', 'attempt'])
    .where('member_id', '=', memberId)
    .where('side', '=', 'target')
    .where('state', '=', 'sealed')
    .orderBy('id', 'desc')
    .executeTakeFirst()
  return move !== undefined && !isRefusal(await activate(deps, { move: move.id, attempt: move.attempt }))
}
