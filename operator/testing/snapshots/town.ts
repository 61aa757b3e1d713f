// A community that lives on by what is decided, without databases or a cluster: people come and go, and time passes.
import type { Condition } from '../../api/conditions.ts'
import { mergeConditions } from '../../api/conditions.ts'
import type { Instance } from '../../api/objects.ts'
import { decideCommunity } from '../../decide/community/decide.ts'
import { wantedSettings } from '../../decide/community/directory.ts'
import type { DirectoryChange, Step } from '../../decide/decision.ts'
import type { DirectoryInstance } from '../../decide/snapshot.ts'
import {
  known,
  makeClaim,
  makeCommunity,
  makeFacts,
  makeInstance,
  makeRow,
  makeSnapshot,
  NOW,
} from './community.ts'

const DAY = 86_400_000

export type Town = ReturnType<typeof makeTown>

/** `seen` hears of every change of an instance in the directory, with the rows as they were before it. */
export function makeTown(
  spec: { readonly [field: string]: unknown },
  seen: (change: DirectoryChange, rows: readonly DirectoryInstance[]) => void = () => undefined,
) {
  let now = NOW
  let drain: readonly number[] = []
  let rows: DirectoryInstance[] = []
  let waiting = 0
  let conditions: Condition[] = []
  let nextOrdinal = 1
  const objects = new Map<number, Instance>()

  const rowOf = (ordinal: number) => rows.find((row) => row.ordinal === ordinal)
  const put = (ordinal: number, change: Partial<DirectoryInstance>) => {
    rows = rows.map((row) => (row.ordinal === ordinal ? { ...row, ...change } : row))
  }
  const roomy = () =>
    rows
      .filter(({ state, cap, taken }) => state === 'Active' && taken < cap)
      .sort((a, b) => b.taken - a.taken)[0]

  /** As the directory does it: see write.ts. */
  function change(one: DirectoryChange): void {
    if (!('ordinal' in one)) return
    seen(one, rows)
    const { ordinal } = one
    const row = rowOf(ordinal)
    const to = (state: DirectoryInstance['state'], drainedFor: DirectoryInstance['drainedFor']) =>
      put(ordinal, { state, drainedFor, stateSince: now })
    if (one.change === 'addInstance' && !row)
      rows = [...rows, makeRow(ordinal, { cap: one.cap, state: 'Opening', createdAt: now, stateSince: now })]
    if (one.change === 'setInstance') put(ordinal, { cap: one.cap })
    if (one.change === 'activate' && row?.state === 'Opening') to('Active', null)
    if (one.change === 'reopen' && row?.state === 'Draining') to('Active', null)
    if (one.change === 'drain' && row?.state === 'Draining') put(ordinal, { drainedFor: one.cause })
    if (one.change === 'drain' && row?.state === 'Active') to('Draining', one.cause)
    if (one.change === 'retire' && row?.state === 'Draining' && row.taken === 0) to('Retired', row.drainedFor)
    if (one.change === 'retire' && row?.state === 'Opening' && !row.used) to('Retired', null)
  }

  function perform(step: Step): void {
    if (step.do === 'changeDirectory') step.changes.forEach(change)
    if (step.do === 'patch' && step.kind === 'configMap')
      nextOrdinal = Number(Object(Object(step.patch).data)['next-ordinal'] ?? nextOrdinal)
    if (step.do !== 'apply' || step.object.kind !== 'Instance') return
    const { ordinal, cap, state } = Object(step.object.spec) as Instance['spec']
    const had = objects.get(ordinal)
    if (had?.spec.cap === cap && had.spec.state === state) return
    const generation = (had?.metadata.generation ?? 0) + 1
    objects.set(ordinal, makeInstance(ordinal, { cap, state, generation }))
  }

  const observe = () => {
    const community = { ...makeCommunity({ ...spec, drain }), status: { conditions } }
    return makeSnapshot({
      community,
      claim: makeClaim({ nextOrdinal, made: new Set(['directory', ...[...objects.keys()].map(String)]) }),
      directory: known(
        makeFacts({
          settings: wantedSettings(community),
          instances: rows,
          waiting,
          members: rows.reduce((sum, { taken }) => sum + taken, 0),
        }),
      ),
      instances: [...objects.values()],
      server: { ...makeSnapshot().server, carries: 1000 } as ReturnType<typeof makeSnapshot>['server'],
    })
  }

  /** The operator looks until nothing of instances is left to do. */
  function look(): void {
    for (let pass = 0; pass < 12; pass++) {
      const before = JSON.stringify([rows, [...objects]])
      const decision = decideCommunity(observe(), now)
      decision.groups.flat().forEach(perform)
      conditions = mergeConditions(conditions, decision.findings, 1, new Date(now))
      for (const [ordinal, object] of objects) if (object.spec.state === 'Retired') objects.delete(ordinal)
      if (JSON.stringify([rows, [...objects]]) === before) return
    }
    throw new Error('the looks do not come to an end')
  }

  return {
    look,
    rows: () => rows,
    open: () => rows.filter(({ state }) => state !== 'Retired'),
    waiting: () => waiting,
    condition: (type: string) => conditions.find((one) => one.type === type),
    drain: (ordinals: readonly number[]) => {
      drain = ordinals
    },
    pass: (days: number) => {
      now += days * DAY
    },
    join(many: number): void {
      for (let i = 0; i < many; i++) {
        const row = waiting === 0 ? roomy() : undefined
        if (row) put(row.ordinal, { taken: row.taken + 1, used: true })
        else waiting++
      }
    },
    leave(many: number, from: number): void {
      for (let i = 0; i < many; i++) {
        const peopled = rows.filter(({ taken }) => taken > 0)
        const row = peopled[(from + i) % peopled.length]
        if (row) put(row.ordinal, { taken: row.taken - 1 })
      }
    },
    /** Those who wait get seats, members leave instances that are emptied, and what is empty says so. */
    settle(moves: number): void {
      for (let row = roomy(); row && waiting > 0; row = roomy()) {
        waiting--
        put(row.ordinal, { taken: row.taken + 1, used: true })
      }
      for (let i = 0; i < moves; i++) {
        const from = rows.find(({ state, taken }) => state === 'Draining' && taken > 0)
        const to = roomy()
        if (!from || !to) break
        put(from.ordinal, { taken: from.taken - 1, movedAt: now })
        put(to.ordinal, { taken: to.taken + 1, movedAt: now, used: true })
      }
      for (const [ordinal, { spec, metadata }] of objects)
        if (spec.state === 'Draining')
          objects.set(
            ordinal,
            makeInstance(ordinal, {
              cap: spec.cap,
              state: spec.state,
              generation: metadata.generation,
              drained: rowOf(ordinal)?.taken === 0,
            }),
          )
    },
  }
}
