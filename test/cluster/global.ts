// One cluster for all tests of a run, beside the one that a person may have up. HAMLET_KEEP=1 leaves it running, and
// takes up the one that was left; else one of a run that was killed is removed first.
import type { TestProject } from 'vitest/node'
import { forTests } from './cluster.ts'
import { startCluster, startFreshCluster, stopCluster } from './kinds/start.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The kubeconfig of the run's cluster; `startCluster(forTests)` gives the rest, and Hamlet is not in it yet. */
    kubeconfig: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const keep = process.env.HAMLET_KEEP === '1'
  const cluster = await (keep ? startCluster : startFreshCluster)(forTests)
  project.provide('kubeconfig', cluster.kubeconfigPath)
  return async () => {
    if (!keep) await stopCluster(forTests)
  }
}
