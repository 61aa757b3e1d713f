import { resources } from '../../../operator/kube/resources.ts'
import type { KubeClient, KubeObject } from '../../../operator/kube/types.ts'
import { type Bench, type Figure, median, percentile } from '../figure.ts'
import { quietCluster, statusOf } from './cluster.ts'

const RUNS = 10

const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms))

type PodStatus = {
  conditions?: { type: string; status: string }[]
  containerStatuses?: { state?: { running?: object } }[]
}

const STEPS = [
  ['workload', 'the operator claimed the domain and applied the Deployment'],
  ['started', 'the container runs: Deployment and ReplicaSet controllers, scheduler, kubelet'],
  ['ready', 'the pod is ready: the instance started, its database was cloned meanwhile'],
  ['serving', 'the first 200 at the domain: the ingress has seen the ready pod'],
] as const

/** Milliseconds since `began` at which each step was first seen. */
async function watchSteps(kube: KubeClient, name: string, began: number, done: () => boolean) {
  const seen = new Map<string, number>()
  const note = (step: string) => {
    if (!seen.has(step)) seen.set(step, performance.now() - began)
  }
  while (!done()) {
    if (!seen.has('workload')) {
      if (await kube.get(resources.deployment, { namespace: 'default', name: `${name}-1` })) note('workload')
    } else {
      const pods = await kube.list(resources.pod, {
        namespace: 'default',
        labelSelector: `hamlet.coop/community=${name}`,
      })
      const status = (pods[0] as (KubeObject & { status?: PodStatus }) | undefined)?.status
      if (status?.containerStatuses?.[0]?.state?.running) note('started')
      if (status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')) note('ready')
    }
    await pause(20)
  }
  return seen
}

export const bench: Bench = {
  what: 'From `kubectl apply` of a Community to the first 200 at its domain, images on the node, and where the time goes.',
  async run(say) {
    const { h, kube } = await quietCluster()
    const totals: number[] = []
    const parts = new Map<string, number[]>(STEPS.map(([step]) => [step, []]))
    try {
      for (let run = 1; run <= RUNS; run++) {
        const name = `bench${String.fromCharCode(96 + run)}`
        const site = h.site(name)
        const began = performance.now()
        await h.apply(name)
        let served = false
        const watching = watchSteps(kube, name, began, () => served)
        while ((await statusOf(site)) !== 200) {
          await pause(20)
          if (performance.now() - began > 120_000) throw new Error(`${name} does not serve`)
        }
        const total = performance.now() - began
        served = true
        const seen = await watching
        totals.push(total)
        let before = 0
        for (const [step] of STEPS) {
          const at = step === 'serving' ? total : (seen.get(step) ?? before)
          parts.get(step)?.push(Math.max(0, at - before))
          before = Math.max(before, at)
        }
        say(`run ${run}: ${Math.round(total)} ms`)
        await h.remove(name)
      }
    } finally {
      await kube.close()
    }
    const how = `${RUNS} Communities, one at a time, kubectl's own start included`
    const figures: Figure[] = [
      { what: 'apply to first 200, p50', value: median(totals), unit: 'ms', aim: '≤ 3,000 ms', how },
      { what: 'apply to first 200, p90', value: percentile(totals, 0.9), unit: 'ms', how },
    ]
    for (const [step, meaning] of STEPS) {
      figures.push({
        what: `… until ${step}, p50`,
        value: median(parts.get(step) ?? []),
        unit: 'ms',
        how: meaning,
      })
    }
    return figures
  },
}
