// The reconcilers: a key in, the world nearer to what is wanted out.
import { describeProblems, parseCommunity, parseInstance } from '../api/objects.ts'
import { communityOfInstance } from '../build/names.ts'
import { COMMUNITY_MANAGER, INSTANCE_MANAGER } from '../decide/changed.ts'
import { decideCommunity } from '../decide/community/decide.ts'
import { isHeld, release } from '../decide/community/deletion/hold.ts'
import { refused } from '../decide/community/status.ts'
import { decideInstance } from '../decide/instances/decide.ts'
import { KubeError } from '../kube/error.ts'
import type { Events } from '../kube/events.ts'
import { nameOf, resources } from '../kube/resources.ts'
import type { Kube } from '../kube/types.ts'
import { type ObserveDeps, observeCommunity } from '../observe/community.ts'
import { communityOf, observeInstance } from '../observe/instance.ts'
import type { ActorKeys } from '../postgres/directory/keys.ts'
import type { Figures } from '../serve/figures.ts'
import { createRebalancer, type MovingDeps } from './moving/rebalance.ts'
import { type Look, reconcile } from './reconcile.ts'
import type { Rollouts } from './waiting/rollouts.ts'
import { createTurns } from './waiting/turns.ts'

export type ReconcilerDeps = Omit<ObserveDeps, 'kube'> &
  MovingDeps & {
    readonly kube: Kube
    readonly events: Pick<Events, 'emit'>
    readonly keys: { take(): Promise<ActorKeys> }
    readonly rollouts: Rollouts
    readonly figures: Figures
    /** Milliseconds since 1970. */
    readonly now: () => number
  }

type Reconcile = (key: string, signal: AbortSignal) => Promise<{ requeueAfterMs?: number }>

export function createReconcilers(deps: ReconcilerDeps): {
  community: Reconcile
  instance: Reconcile
  rebalance: Reconcile
} {
  const { kube, prepared, keys, now, rollouts, figures } = deps
  const written = new Map<string, number>()
  const turns = createTurns()
  const shared = { kube, prepared, keys, now }

  const community: Reconcile = (key, signal) => {
    const look = async (): Promise<Look | undefined> => {
      const object = await kube.get(resources.community, nameOf(key))
      if (!object) {
        figures.noteExpiry(nameOf(key), undefined)
        figures.noteAwaiting(nameOf(key), undefined)
        return undefined
      }
      const step = { ...shared, fieldManager: COMMUNITY_MANAGER, server: undefined, ca: undefined }
      const parsed = parseCommunity(object)
      if (!parsed.ok) {
        const message = describeProblems(parsed.problems)
        const findings = refused({ reason: 'InvalidSpec', message })
        // Nothing of an unreadable Community is taken away but its hold on the object.
        const { metadata } = object
        const groups = metadata.deletionTimestamp && isHeld(metadata) ? [[release(metadata)]] : []
        return {
          object,
          step,
          decision: { groups, findings, counts: {}, events: [], requeueAfterMs: 600_000 },
        }
      }
      // Instances that are being worked on now saw the Community before its deletion, and might make what is dropped.
      if (object.metadata.deletionTimestamp) await turns.idle(key)
      try {
        const seen = await observeCommunity(parsed.value, deps)
        const decision = decideCommunity(seen.snapshot, now())
        figures.noteExpiry(nameOf(key), decision.certificateEnds)
        figures.noteAwaiting(nameOf(key), decision.awaitingApproval)
        return { object, decision, step: { ...step, server: seen.server, ca: seen.ca } }
      } catch (failure) {
        return { object, failure }
      }
    }
    return reconcile(look, { ...deps, written, fieldManager: COMMUNITY_MANAGER }, signal)
  }

  const instance: Reconcile = (key, signal) => {
    // The community is taken from the name, before anything is read: see turns.
    const group = communityOfInstance(key)
    const look = async (): Promise<Look | undefined> => {
      const object = await kube.get(resources.instance, nameOf(key))
      const parsed = object && parseInstance(object)
      rollouts.settled(key)
      if (!object || !parsed?.ok) return undefined
      try {
        const owner = await communityOf(parsed.value, kube)
        if (!owner || owner.metadata.deletionTimestamp) return undefined
        const seen = await observeInstance(parsed.value, owner, deps)
        // Nothing is awaited from here to the note of what was decided: others would count on the same budget.
        const decision = decideInstance({
          ...seen.snapshot,
          budget: rollouts.budget(group),
          moving: deps.movers.busy(key),
        })
        const { generation = 0 } = seen.snapshot.live.deployment?.metadata ?? {}
        if (decision?.rollout === 'begins') rollouts.begin(key, generation)
        else if (decision?.rollout === 'waits') rollouts.wait(key)
        if (!decision) return undefined
        return {
          object,
          decision,
          step: { ...shared, fieldManager: INSTANCE_MANAGER, server: seen.server, ca: undefined },
        }
      } catch (failure) {
        return { object, failure }
      }
    }
    return turns.during(group, async () => {
      try {
        return await reconcile(look, { ...deps, written, fieldManager: INSTANCE_MANAGER }, signal)
      } catch (error) {
        if (error instanceof KubeError && error.failure.code >= 400 && error.failure.code < 500)
          rollouts.refused(key)
        throw error
      }
    })
  }
  return { community, instance, rebalance: createRebalancer(deps) }
}
