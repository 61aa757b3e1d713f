// Members who were switched to this home and are not active here yet: what concerns them waits for them.
import type { Home } from '../../../directory/homes.ts'
import type { Instance } from '../../../instance.ts'
import { ownAddress } from '../../documents/addresses.ts'
import type { Incoming } from '../activity.ts'
import { later, type Outcome } from '../effects/effect.ts'
import type { IntakeRow } from './apply.ts'
import { concerns } from './departed.ts'

type Deps = Pick<Instance, 'db' | 'homes' | 'config' | 'log'>

/**
 * Why what a member of another home did is to be applied later: it concerns somebody who is about to be made active
 * here. That home sends it nowhere else, if it knows already where they live. As long as they are only staged they are
 * no resident whom it could be for, and whom they follow is not known.
 */
export async function waitsForArriving(
  deps: Deps,
  row: IntakeRow,
  activity: Incoming,
): Promise<Outcome | undefined> {
  if (row.recipient !== null || !ownAddress(deps.config.origin, activity.actor)) return undefined
  const sealed = await deps.db
    .selectFrom('moves')
    .select(['id', 'member_id'])
    .where('side', '=', 'target')
    .where('state', '=', 'sealed')
    .execute()
  for (const move of sealed) {
    const home = await homeNow(deps, move.member_id)
    if (home === 'unknown') return later('the directory cannot be read')
    if (home?.state !== 'active' || home.home !== deps.config.ordinal) continue
    if (await concerns(deps.db, deps, move, home.handle, row, activity, JSON.stringify(row.body)))
      return later('somebody whom it concerns is on the way here')
  }
  return undefined
}

/** Memory may not have heard of the switch. */
async function homeNow({ homes, log }: Deps, memberId: string): Promise<Home | undefined | 'unknown'> {
  try {
    return await homes.freshById(memberId)
  } catch (error) {
    log.warn({ err: error }, 'the directory cannot be read')
    return 'unknown'
  }
}
