// Graphs for tests and benchmarks, made from a seed.
import type { Edge } from '../graph.ts'
import { pick, type Random, shuffled } from '../partition/random.ts'

export type MadeGraph = {
  readonly ids: readonly string[]
  readonly edges: readonly Edge[]
  /** The group that each member was made in. */
  readonly group: readonly number[]
}

/** Ids whose order says nothing about the groups. */
function named(n: number, random: Random): string[] {
  return [...shuffled(n, random)].map((i) => `m${i.toString(36).padStart(4, '0')}`)
}

function collector(ids: readonly string[]) {
  const seen = new Set<number>()
  const edges: Edge[] = []
  return {
    edges,
    has: (v: number, u: number) => seen.has(Math.min(v, u) * ids.length + Math.max(v, u)),
    add(v: number, u: number): boolean {
      const key = Math.min(v, u) * ids.length + Math.max(v, u)
      if (v === u || seen.has(key)) return false
      seen.add(key)
      edges.push({ a: ids[v] ?? '', b: ids[u] ?? '', weight: 1 })
      return true
    },
  }
}

/** `groups` of `size` members; everybody has about `inside` friends in their own group and `outside` in others. */
export function plantedPartition(
  groups: number,
  size: number,
  inside: number,
  outside: number,
  random: Random,
): MadeGraph {
  const n = groups * size
  const ids = named(n, random)
  const group = Array.from({ length: n }, (_, v) => Math.floor(v / size))
  const { edges, add } = collector(ids)
  for (let i = 0; i < (n * inside) / 2; i++) {
    const v = pick(random, n)
    add(v, (group[v] ?? 0) * size + pick(random, size))
  }
  for (let i = 0; i < (n * outside) / 2; ) {
    const v = pick(random, n)
    const u = pick(random, n)
    if (group[v] === group[u]) continue
    add(v, u)
    i++
  }
  return { ids, edges, group }
}

/** A number of a power law: from `least` to `most`, falling with `exponent`. */
function powerLaw(least: number, most: number, exponent: number, random: Random): number {
  const power = 1 - exponent
  return Math.floor((least ** power + random() * ((most + 1) ** power - least ** power)) ** (1 / power))
}

/**
 * As in the benchmark of Lancichinetti, Fortunato and Radicchi (2008): degrees and sizes of communities follow power laws, and
 * the share `mixing` of everybody's friends is outside their community.
 */
export function lfrLike(n: number, mixing: number, random: Random): MadeGraph {
  const ids = named(n, random)
  const group: number[] = []
  const communities: number[][] = []
  while (group.length < n) {
    const size = Math.min(n - group.length, powerLaw(20, 200, 1.5, random))
    const members = Array.from({ length: size }, (_, i) => group.length + i)
    for (const _ of members) group.push(communities.length)
    communities.push(members)
  }
  const { edges, add } = collector(ids)
  const stubs = (members: readonly number[], share: number): number[] =>
    members.flatMap((v) => Array.from({ length: Math.round((degrees[v] ?? 0) * share) }, () => v))
  const degrees = Array.from({ length: n }, () => powerLaw(6, 80, 2.5, random))
  const pair = (list: readonly number[], allowed: (v: number, u: number) => boolean) => {
    const order = shuffled(list.length, random)
    for (let i = 0; i + 1 < order.length; i += 2) {
      const v = list[order[i] ?? 0] ?? 0
      const u = list[order[i + 1] ?? 0] ?? 0
      if (allowed(v, u)) add(v, u)
    }
  }
  for (const members of communities) pair(stubs(members, 1 - mixing), () => true)
  pair(stubs([...ids.keys()], mixing), (v, u) => group[v] !== group[u])
  return { ids, edges, group }
}

/** Preferential attachment (Barabási and Albert, 1999) in which newcomers know mostly people of their own community. */
export function attachedCommunities(
  n: number,
  communities: number,
  friends: number,
  outside: number,
  random: Random,
): MadeGraph {
  const ids = named(n, random)
  const group = Array.from({ length: n }, () => pick(random, communities))
  const { edges, add } = collector(ids)
  // Everybody as often as they have friends, once more to be found at all.
  const known: number[] = []
  const knownIn: number[][] = Array.from({ length: communities }, () => [])
  for (let v = 0; v < n; v++) {
    const own = knownIn[group[v] ?? 0] ?? []
    for (let i = 0; i < friends; i++) {
      const among = own.length > 0 && random() >= outside ? own : known
      const u = among[pick(random, among.length)]
      if (u === undefined || !add(v, u)) continue
      known.push(u)
      knownIn[group[u] ?? 0]?.push(u)
    }
    known.push(v)
    own.push(v)
  }
  return { ids, edges, group }
}
