// A Rebalance: look, plan, begin and walk moves, say how far it is. What it knows of members is in memory only.
import type { Logger } from 'pino'
import { changeDirectory } from '../../../instance/directory/change.ts'
import { beginMove } from '../../../instance/directory/moves/begin.ts'
import { noteRebalance, type RebalanceNote } from '../../../instance/directory/moves/rebalances.ts'
import { isRegression, type Seen } from '../../../instance/directory/regression.ts'
import { hasSpokenSince, type Spoken } from '../../../instance/directory/wishes/spoken.ts'
import { isRefusal, refuse } from '../../../instance/refusal.ts'
import type { Community, Rebalance } from '../../api/objects.ts'
import { instanceName } from '../../build/names.ts'
import { REBALANCE_MANAGER } from '../../decide/changed.ts'
import {
  AT_ONCE,
  type Begin,
  decideRebalance,
  type RebalanceDecision,
} from '../../decide/rebalance/decide.ts'
import type { MovesFacts, PlanState } from '../../decide/rebalance/facts.ts'
import { observeRebalance, type SeenRebalance } from '../../observe/rebalance.ts'
import { directoryOf } from '../../postgres/directory/kysely.ts'
import type { Server } from '../../postgres/server/session.ts'
import { abandon, type DriveDeps, drive } from '../../rebalance/drive/drive.ts'
import type { ReconcilerDeps } from '../controllers.ts'
import { type Look, reconcile } from '../reconcile.ts'
import { createLine } from '../waiting/line.ts'
import { askAndPlan } from './ask.ts'
import { communityKeyOf, lookOut } from './lookout.ts'
import type { Movers } from './movers.ts'
import type { Reach } from './reach.ts'

export type MovingDeps = {
  readonly movers: Movers
  readonly reach: Reach
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** A plan older than this is made anew: people come, go and make friends meanwhile. */
const PLAN_MS = 600_000
/** Before another plan is made where the first of it was refused. */
const REFUSED_MS = 5_000
/** Between what is told of a plan and the first move of it. */
const TOLD_MS = 1

/** `spoken`: what members had said of their wishes when it was planned. */
type Memory = { state: PlanState; readonly spoken: Spoken; readonly at: number }
type Ways = NonNullable<SeenRebalance['ways']>

export function createRebalancer(
  deps: ReconcilerDeps,
): (key: string, signal: AbortSignal) => Promise<{ requeueAfterMs?: number }> {
  const { kube, movers, rollouts, now } = deps
  const written = new Map<string, number>()
  const line = createLine()
  /** By uid of the Rebalance. */
  const plans = new Map<string, Memory>()
  const uids = new Map<string, string>()
  /** The newest directory that was seen of each Community. */
  const newest = new Map<string, Seen>()
  movers.onEnd(({ key, undone }) => {
    if (undone) plans.delete(uids.get(key) ?? '')
  })

  /** Keys of Instances, as the controllers have them. */
  const keyOf = ({ metadata: { namespace, name } }: Community, ordinal: number): string =>
    `${namespace}/${instanceName(name, ordinal)}`

  /** Nothing may be awaited between this and a decision that counts on it, nor between that and the hold of a move. */
  const replacedOf = (community: Community, facts: MovesFacts): ReadonlyMap<number, 'now' | 'soon'> =>
    new Map(
      facts.instances.flatMap(({ ordinal }) => {
        const replaced = rollouts.replaced(keyOf(community, ordinal))
        return replaced ? [[ordinal, replaced] as const] : []
      }),
    )

  /** Whether this directory is older than one that was seen; otherwise it is the newest. */
  function regressed(uid: string, { facts, seen }: Ways): boolean {
    const found = { incarnation: facts.incarnation, revision: BigInt(facts.revision) }
    const before = newest.get(uid)
    // This process may be younger than what its homes remember.
    const known = seen && (!before || isRegression(seen, before)) ? seen : before
    if (known && isRegression(known, found)) return true
    newest.set(uid, found)
    return false
  }

  async function work(rebalance: Rebalance, community: Community, signal: AbortSignal) {
    const { uid, namespace, name } = rebalance.metadata
    const key = `${namespace}/${name}`
    uids.set(key, uid)
    const aged = plans.get(uid)
    if (aged && now() - aged.at > PLAN_MS) plans.delete(uid)
    for (let begun = 0; ; begun++) {
      signal.throwIfAborted()
      const { snapshot: seen, ways } = await observeRebalance(rebalance, community, deps)
      const snapshot = {
        ...seen,
        regressed: ways !== undefined && regressed(community.metadata.uid, ways),
        running: movers.running(),
        resting: movers.resting(),
      }
      const decide = (plan: PlanState) =>
        decideRebalance({
          ...snapshot,
          replaced: ways ? replacedOf(community, ways.facts) : new Map(),
          plan,
        })
      const decision = decide(plans.get(uid)?.state ?? { is: 'none' })
      if (!ways) return decision
      // Whoever looks after a crash cannot count how it was before: nobody is walked or begun before that is told.
      const { seats, friendsKeptBefore } = rebalance.status
      const tellFirst = (told: RebalanceDecision) =>
        told.begin || (!seats && told.drive.length > 0) ? { ...told, requeueAfterMs: TOLD_MS } : told
      const way = driveDeps(community, ways)
      const walk = (id: string, between: readonly number[]) =>
        movers.drive(
          key,
          id,
          between.map((ordinal) => keyOf(community, ordinal)),
          () => walkOne(way, ways, id),
        )
      const resume = (id: string) => {
        const move = ways.facts.open.find((one) => one.id === id)
        if (move) walk(id, [move.source, move.target])
      }
      if (seats) {
        // What is given up first is walked afterwards.
        decision.drive.filter((id) => !decision.abandon.includes(id)).forEach(resume)
        for (const id of decision.abandon) await abandon({ ...way, call: unused }, id, 'rebalance-stopped')
        decision.abandon.forEach(resume)
      }
      if (decision.wantsPlan) {
        const { state, spoken } = await askAndPlan(rebalance, community, ways, {
          reach: deps.reach,
          signal: movers.signal,
        })
        if (state.is !== 'unanswered') plans.set(uid, { state, spoken, at: now() })
        // What was asked for may have changed while homes were asked: the next look begins.
        return tellFirst(decide(state))
      }
      if (!seats || (decision.begin && friendsKeptBefore === undefined)) return tellFirst(decision)
      const { begin: wanted } = decision
      const free = wanted && movers.hold([keyOf(community, wanted.from), keyOf(community, wanted.to)])
      try {
        if (!wanted || begun >= AT_ONCE) return decision
        const { state: followed, spoken = new Map() } = plans.get(uid) ?? {}
        const note: RebalanceNote = {
          id: uid,
          reason: rebalance.spec.reason,
          ...(followed?.is === 'made' && {
            keptBefore: followed.plan.keptBefore,
            keptAfter: followed.plan.keptAfter,
          }),
        }
        const move = await begin(way, wanted, note, spoken).catch((error: unknown) => {
          // Nobody knows whether it was begun: what is left is planned from what the directory says.
          plans.delete(uid)
          throw error
        })
        // Somebody came, went, wishes something else or was quicker than the plan.
        if (isRefusal(move)) {
          // The plan is as good as before: the next look sees how many were begun, and says so.
          if (move.code !== 'moves-per-hour') plans.delete(uid)
          return { ...decision, requeueAfterMs: REFUSED_MS }
        }
        const memory = plans.get(uid)
        if (memory?.state.is === 'made')
          memory.state = {
            is: 'made',
            plan: { ...memory.state.plan, started: memory.state.plan.started + 1 },
          }
        walk(move.id, [wanted.from, wanted.to])
      } finally {
        free?.()
      }
    }
  }

  function driveDeps(community: Community, { server, directory }: Ways): Omit<DriveDeps, 'call'> {
    const connected: Server = {
      ...server,
      connect: async (database) => {
        movers.signal.throwIfAborted()
        return server.connect(database)
      },
    }
    return {
      directory: directoryOf(connected, directory),
      seen: () => newest.get(community.metadata.uid),
      log: deps.log,
    }
  }

  async function walkOne(way: Omit<DriveDeps, 'call'>, { facts, key }: Ways, id: string) {
    const reached = deps.reach(facts.instances, key)
    try {
      return await drive(
        {
          ...way,
          call: async (ordinal, path, options) => {
            movers.signal.throwIfAborted()
            return reached
              .call(ordinal, path, { ...options, signal: movers.signal })
              .catch((error: unknown) => {
                // Who ended the call has not been kept waiting by the home.
                movers.signal.throwIfAborted()
                throw error
              })
          },
        },
        id,
      )
    } finally {
      await reached.close()
    }
  }

  function forget(key: string): undefined {
    plans.delete(uids.get(key) ?? '')
    uids.delete(key)
  }

  return async (key, signal) => {
    const look = async (): Promise<Look | undefined> => {
      const seen = await lookOut(key, deps)
      if (!seen) return forget(key)
      const { object } = seen
      const step = NO_STEPS(deps)
      if ('decision' in seen) return { object, decision: seen.decision, step }
      try {
        const decision = await work(seen.rebalance, seen.community, signal)
        return { object, decision: { ...decision, groups: [] }, step }
      } catch (failure) {
        return { object, failure }
      }
    }
    const of = await communityKeyOf(key, kube)
    if (of === undefined) return forget(key) ?? {}
    // Nobody else of the community begins before it has been told which of them is worked on.
    return line(of, () => reconcile(look, { ...deps, written, fieldManager: REBALANCE_MANAGER }, signal))
  }
}

/** Begins a move of a plan that heeded what had been `spoken`: whoever has said more since is planned for anew. */
export const begin = (
  { directory, seen }: Omit<DriveDeps, 'call'>,
  wanted: Begin,
  rebalance: RebalanceNote,
  spoken: Spoken,
) =>
  changeDirectory(
    directory,
    async (tx) => {
      if (await hasSpokenSince(tx, wanted.member, spoken)) return refuse('wishes-changed')
      const move = await beginMove(tx, {
        memberId: wanted.member,
        target: wanted.to,
        perHour: wanted.perHour,
      })
      if (isRefusal(move)) return move
      await noteRebalance(tx, rebalance)
      await tx.updateTable('moves').set({ rebalance: rebalance.id }).where('id', '=', move.id).execute()
      return move
    },
    seen?.(),
  )

const unused: DriveDeps['call'] = () => Promise.reject(new Error('giving a move up calls nobody'))

/** Everything was done while looking. */
const NO_STEPS = ({ kube, prepared, keys, now }: ReconcilerDeps) => ({
  kube,
  prepared,
  keys,
  now,
  fieldManager: REBALANCE_MANAGER,
  server: undefined,
  ca: undefined,
})
