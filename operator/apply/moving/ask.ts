// What a plan is made from: every home is asked who knows whom, and the directory what members wish.
import { readWishes } from '../../../instance/directory/wishes/read.ts'
import { readSpoken, type Spoken } from '../../../instance/directory/wishes/spoken.ts'
import { TIES, tiesAnswer } from '../../../instance/move/ties/calls.ts'
import type { Community, Rebalance } from '../../api/objects.ts'
import { heedsWishes } from '../../api/rebalance.ts'
import type { PlanState, TieFacts } from '../../decide/rebalance/facts.ts'
import type { SeenRebalance } from '../../observe/rebalance.ts'
import { directoryOf } from '../../postgres/directory/kysely.ts'
import { planInThread } from './planner.ts'
import type { Reach } from './reach.ts'

/**
 * A plan, and what members had said of their wishes when it was begun; no plan where a home that has members gives no
 * answer within half a minute, or once `signal` is aborted. Throws an AbortError where that comes while it is made.
 */
export async function askAndPlan(
  { spec }: Rebalance,
  community: Community,
  { facts, key, server, directory }: NonNullable<SeenRebalance['ways']>,
  { reach, signal }: { readonly reach: Reach; readonly signal: AbortSignal },
): Promise<{ state: PlanState; spoken: Spoken }> {
  const reached = reach(facts.instances, key)
  try {
    const spoken = await readSpoken(directoryOf(server, directory))
    const ties: TieFacts[] = []
    for (const { ordinal } of facts.instances) {
      if (!facts.members.some(({ home }) => home === ordinal)) continue
      const answer = await reached
        .call(ordinal, TIES, { method: 'GET', timeoutMs: 30_000, signal })
        .catch(() => undefined)
      const told = tiesAnswer.safeParse(answer?.status === 200 ? answer.body : undefined)
      if (!told.success) return { state: { is: 'unanswered', ordinal }, spoken }
      ties.push(...told.data.ties)
    }
    const asked = { community: { spec: community.spec }, facts, forWishes: heedsWishes(spec.reason) }
    const wishes = await readWishes(directoryOf(server, directory))
    return { state: await planInThread([asked, ties, wishes], signal), spoken }
  } finally {
    await reached.close()
  }
}
