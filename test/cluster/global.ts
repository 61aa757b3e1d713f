// One cluster for all tests of a run, beside the one that a person may have up. HAMLET_KEEP=1 leaves it running.
import type { TestProject } from 'vitest/node'
import { forTests } from './cluster.ts'
import { startCluster, stopCluster } from './kinds/start.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The kubeconfig of the run's cluster; `startCluster(forTests)` gives the rest, and Hamlet is not in it yet. */
    kubeconfig: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster(forTests)
  project.provide('kubeconfig', cluster.kubeconfigPath)
  return async () => {
    if (process.env.HAMLET_KEEP !== '1') await stopCluster(forTests)
  }
}
