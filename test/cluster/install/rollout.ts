import { say } from '../build/say.ts'
import { kubectl } from '../build/tools.ts'

/** The part of a Pod that tells why it does not run. */
export type PodSeen = {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly conditions?: readonly { type: string; status: string; message?: string }[]
    readonly containerStatuses?: readonly {
      restartCount: number
      state: { waiting?: { reason: string; message?: string } }
    }[]
  }
}

const crashes = 3

/** Waits until what a namespace runs is ready, and fails early, with the log, when a program only ever ends. */
export async function waitForRollout(kubeconfig: string, namespace: string, seconds: number): Promise<void> {
  const ask = (...args: string[]) => kubectl([...args, '--namespace', namespace], { kubeconfig })
  const names = (await ask('get', 'deployments,statefulsets', '--output', 'name')).split('\n').filter(Boolean)
  const end = performance.now() + seconds * 1000
  let told = ''
  for (;;) {
    const states = await Promise.all(names.map((name) => ask('rollout', 'status', name, '--watch=false')))
    if (states.every((state) => /successfully rolled out|roll(ing update| out) complete/.test(state))) return
    const pods = (JSON.parse(await ask('get', 'pods', '--output', 'json')) as { items: readonly PodSeen[] })
      .items
    const troubles = pods.flatMap(troubleOf).join('; ')
    if (troubles !== told) say(`  ${troubles || 'starting'}`)
    told = troubles
    const crashed = pods.find(onlyCrashes)
    if (crashed) {
      const log = await ask('logs', crashed.metadata.name, '--previous', '--tail=20').catch(String)
      throw new Error(`${crashed.metadata.name} ends again and again; its log:\n${shortened(log)}`)
    }
    if (performance.now() > end)
      throw new Error(`not ready after ${seconds} s: ${troubles || states.join(' ')}`)
    await new Promise((wake) => setTimeout(wake, 500))
  }
}

/** Why a pod does not run yet, in a line; nothing when it does. */
export function troubleOf(pod: PodSeen): readonly string[] {
  const { conditions = [], containerStatuses = [] } = pod.status
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled) return [`${pod.metadata.name}: ${unscheduled.message ?? 'not scheduled'}`]
  const waiting = containerStatuses.flatMap(({ state }) => state.waiting ?? [])
  return waiting.map(
    ({ reason, message }) => `${pod.metadata.name}: ${reason}${message ? ` (${message})` : ''}`,
  )
}

/** Whether a pod's program has ended so often that waiting longer is of no use. */
export function onlyCrashes(pod: PodSeen): boolean {
  const { containerStatuses = [] } = pod.status
  return containerStatuses.some(
    ({ restartCount, state }) => restartCount >= crashes && state.waiting?.reason === 'CrashLoopBackOff',
  )
}

// Bundled programs print whole lines of themselves with an error.
function shortened(log: string): string {
  return log
    .split('\n')
    .map((line) => line.slice(0, 300))
    .join('\n')
}
