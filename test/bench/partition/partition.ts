// How good plans are: the friendship they cut, beside what METIS and KaHIP cut on the same graphs under the same cap.
import { makePlan } from '../../../operator/decide/rebalance/plan/plan.ts'
import { buildGraph, measure } from '../../../operator/rebalance/graph.ts'
import { loads, type Problem } from '../../../operator/rebalance/partition/problem.ts'
import { seeded } from '../../../operator/rebalance/partition/random.ts'
import { type Plan, plan } from '../../../operator/rebalance/plan/plan.ts'
import { attachedCommunities } from '../../../operator/rebalance/testing/graphs.ts'
import { makeCommunity } from '../../../operator/testing/snapshots/community.ts'
import { makeMoves, id as memberId } from '../../../operator/testing/snapshots/rebalance.ts'
import type { Bench, Figure } from '../figure.ts'
import { type Case, cases } from './cases.ts'
import { type Python, python } from './reference.ts'

const OWN_SEEDS = [1, 2, 3]
const TOOLS = [
  { tool: 'metis', name: 'METIS', seeds: 40 },
  { tool: 'kahip', name: 'KaHIP (strongsocial)', seeds: 10 },
] as const

const AIM = { aim: '≤ 1.02 ×', atMost: 1.02 }

export const bench: Bench = {
  what: 'Friendship cut by a plan against the best cut of METIS and KaHIP, same graph, same largest instance; below 1 is better than theirs.',
  async run(say) {
    const partitioners = await python()
    const figures: Figure[] = []
    for (const one of await cases(partitioners)) {
      const compared = await compare(one, partitioners)
      for (const figure of compared)
        say(`${figure.what}: ${figure.value?.toFixed(3) ?? 'none'} ${figure.unit} (${figure.how})`)
      figures.push(...compared)
    }
    return [...figures, ...lowered()]
  },
}

async function compare({ name, ids, edges, cap, k }: Case, partitioners: Python): Promise<Figure[]> {
  const instances = Array.from({ length: k }, (_, ordinal) => ({ ordinal, cap, state: 'Active' as const }))
  const members = ids.map((id) => ({ id }))
  const plans = OWN_SEEDS.map((seed) => timed(() => planned({ members, edges, instances, seed })))
  const worst = Math.max(...plans.map(({ result }) => result.cut))
  const seconds = Math.max(...plans.map((one) => one.seconds))
  const problem: Problem = {
    ...buildGraph(ids, edges),
    k,
    size: new Int32Array(ids.length).fill(1),
    stay: new Float64Array(0),
    fixed: new Int32Array(0),
    most: new Int32Array(k).fill(cap),
    least: new Int32Array(k),
  }
  const figures: Figure[] = []
  for (const { tool, name: title, seeds } of TOOLS) {
    const found = await partitioners.partition(tool, problem, cap, seeds)
    const partitions = found.parts.map((parts) => Int32Array.from(parts))
    // Either may return more than the cap: such a partition is no plan.
    const allowed = partitions.filter((parts) => Math.max(...loads(problem, parts)) <= cap)
    const what = `${name}: against ${title}`
    if (allowed.length === 0) {
      const how = `${k} × ${cap} seats; none of its ${seeds} partitions is within the cap, so there is nothing to compare with; own cut ${worst}, worst of ${OWN_SEEDS.length} seeds`
      figures.push({ what, unit: '×', aim: AIM.aim, how })
      continue
    }
    const best = Math.min(...allowed.map((parts) => measure(problem, parts).cut))
    const kept = allowed.length < seeds ? `, ${allowed.length} within the cap` : ''
    const how = `${k} × ${cap} seats; cut ${worst}, worst of ${OWN_SEEDS.length} seeds, ${seconds.toFixed(1)} s each; theirs ${best}, best of ${seeds}${kept}, ${found.seconds.toFixed(1)} s together`
    figures.push({ what, value: worst === best ? 1 : worst / best, unit: '×', ...AIM, how })
  }
  return figures
}

/** The cap drops from 300 to 250 where every instance is full, and the operator plans for it: its own way from ties to moves. */
function lowered(): Figure[] {
  const { ids, edges } = attachedCommunities(5000, 40, 8, 0.3, seeded('lowered'))
  const instances = Array.from({ length: 20 }, (_, index) => ({
    ordinal: index + 1,
    cap: 300,
    state: 'Active' as const,
  }))
  const people = ids.slice(0, 4800)
  const known = new Set(people)
  const ties = edges.filter(({ a, b }) => known.has(a) && known.has(b))
  const full = planned({
    members: people.map((id) => ({ id })),
    edges: ties,
    instances: instances.slice(0, 16),
  })
  const asked = {
    community: makeCommunity({ seats: { perInstance: 250 } }),
    facts: makeMoves(
      instances.map(() => 250),
      people.map((id) => full.homes.get(id) ?? 0),
    ),
  }
  const place = new Map(people.map((id, index) => [id, memberId(index)]))
  const told = ties.map(({ a, b }) => ({
    from: place.get(a) ?? '',
    to: place.get(b) ?? '',
    follows: true,
    replies: 0,
    boosts: 0,
    likes: 0,
  }))
  const { result, seconds } = timed(() => makePlan(asked, told))
  if (result.is !== 'made') throw new Error(`there is no plan: ${result.is}`)
  const { order, keptBefore, keptAfter, before } = result.plan
  const fewest = [...before.values()].reduce((sum, count) => sum + Math.max(0, count - 250), 0)
  const how = `${people.length} members in 16 full instances; ${order.length} moved, ${fewest} were too many; ${keptAfter} % of friendship kept, ${keptBefore} % before`
  const what = 'cap lowered from 300 to 250'
  return [
    {
      what: `${what}: moves against the fewest possible`,
      value: order.length / fewest,
      unit: '×',
      aim: '1 ×',
      atMost: 1,
      how,
    },
    {
      what: `${what}: time`,
      value: seconds,
      unit: 's',
      aim: '≤ 5 s',
      atMost: 5,
      how: 'processor time of the whole plan as the operator makes it, with its order',
    },
  ]
}

function planned(input: Parameters<typeof plan>[0]): Plan {
  const made = plan(input)
  if (made.kind === 'refusal') throw new Error(made.message)
  return made
}

/** Seconds of processor time: what else runs on the machine does not count. */
function timed<T>(run: () => T): { readonly result: T; readonly seconds: number } {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  return { result, seconds: (user + system) / 1e6 }
}
