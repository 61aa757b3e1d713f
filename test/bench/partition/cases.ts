// The graphs that are partitioned, and the caps.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readEdges } from '../../../operator/rebalance/cli/read.ts'
import type { Edge } from '../../../operator/rebalance/graph.ts'
import { seeded } from '../../../operator/rebalance/partition/random.ts'
import {
  attachedCommunities,
  lfrLike,
  type MadeGraph,
  plantedPartition,
} from '../../../operator/rebalance/testing/graphs.ts'
import type { Python } from './reference.ts'

export type Case = {
  readonly name: string
  readonly ids: readonly string[]
  readonly edges: readonly Edge[]
  readonly cap: number
  /** Instances. */
  readonly k: number
}

const made = (name: string, graph: MadeGraph, cap: number): Case => ({
  name: `${name}, ${graph.ids.length} members`,
  ids: [...graph.ids].sort(),
  edges: graph.edges,
  cap,
  k: Math.ceil(graph.ids.length / cap),
})

const madeCases = (): Case[] => [
  made('planted groups of 280', plantedPartition(5, 280, 14, 5, seeded('bench 1')), 300),
  made('planted groups of 60', plantedPartition(30, 60, 10, 6, seeded('bench 2')), 300),
  made('no seat to spare, planted groups of 50', plantedPartition(24, 50, 8, 6, seeded('bench 3')), 300),
  made('LFR-like, a fifth outside', lfrLike(1100, 0.2, seeded('bench 4')), 300),
  made('LFR-like, two fifths outside', lfrLike(2500, 0.4, seeded('bench 5')), 300),
  made('Barabási–Albert with 9 communities', attachedCommunities(1400, 9, 6, 0.3, seeded('bench 6')), 300),
  made('Barabási–Albert with 40 communities', attachedCommunities(5000, 40, 8, 0.3, seeded('bench 7')), 300),
]

function read(name: string, edges: readonly Edge[], k: number, cap?: number): Case {
  const ids = [...new Set(edges.flatMap(({ a, b }) => [a, b]))].sort()
  // A twentieth of the seats free, so that the others need not hit the cap to the seat.
  return {
    name: `${name}, ${ids.length} members`,
    ids,
    edges,
    k,
    cap: cap ?? Math.ceil((ids.length / k) * 1.05),
  }
}

/** Instances that the shipped graphs are split into, where it is not two. */
const PARTS: Readonly<Record<string, number>> = { 'Les Misérables': 4, 'primary school': 4, 'high school': 3 }

/** Made graphs, those that packages ship, and the edge lists in the folder `HAMLET_GRAPHS`, if it is set. */
export async function cases(python: Python): Promise<Case[]> {
  const shipped = Object.entries(await python.friends()).map(([name, list]) => {
    const edges = list.map(([a, b, weight]) => ({ a, b, weight }))
    return read(name, edges, PARTS[name] ?? 2)
  })
  const own: Case[] = []
  const folder = process.env.HAMLET_GRAPHS
  for (const file of folder ? (await readdir(folder)).sort() : []) {
    const { edges, ids } = readEdges(file, await readFile(join(folder ?? '', file), 'utf8'))
    own.push(read(file, edges, Math.ceil(ids.size / 300), 300))
  }
  return [...madeCases(), ...shipped, ...own]
}
