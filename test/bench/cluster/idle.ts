import type { Bench } from '../figure.ts'
import { quietCluster } from './cluster.ts'

const COMMUNITIES = 50
const WATCHED_MINUTES = 3

/** Sum of a counter's samples of a Prometheus page whose labels pass. */
function sum(page: string, name: string, passes: (labels: string) => boolean): number {
  let total = 0
  for (const line of page.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? ([\d.e+]+)$/.exec(line)
    if (match?.[1] === name && passes(match[2] ?? '')) total += Number(match[3])
  }
  return total
}

export const bench: Bench = {
  what: `The operator with ${COMMUNITIES} communities that nothing happens to: memory, and writes to the API server.`,
  async run(say) {
    const { h, kube } = await quietCluster()
    const names = Array.from({ length: COMMUNITIES }, (_, n) => `still${n + 1}x`)
    const spec = { resources: { requests: { cpu: '1m', memory: '64Mi' }, limits: { memory: '512Mi' } } }
    try {
      await h.install({ 'postgres.instances': COMMUNITIES + 10 })
      // One after the other: fifty processes that start at once would only wait for each other.
      for (const name of names) {
        await h.apply(name, spec)
        await h.ready(name)
      }
      say(`${COMMUNITIES} communities are ready`)
      const pods = (await h.kubectl(['get', 'pods', '--namespace', 'hamlet', '--output', 'name']))
        .split('\n')
        .filter((pod) => pod.includes('operator'))
      const page = async (pod: string) =>
        h.kubectl([
          'get',
          '--raw',
          `/api/v1/namespaces/hamlet/${pod.replace('pod/', 'pods/')}:8080/proxy/metrics`,
        ])
      const writes = async () => {
        let all = 0
        let leases = 0
        for (const pod of pods) {
          const text = await page(pod)
          const isWrite = (labels: string) => !/method="GET"/.test(labels)
          all += sum(
            text,
            'rest_client_requests_total',
            (labels) => isWrite(labels) && !labels.includes('leases'),
          )
          leases += sum(
            text,
            'rest_client_requests_total',
            (labels) => isWrite(labels) && labels.includes('leases'),
          )
        }
        return { all, leases }
      }
      // What growing to fifty set going has to settle first.
      await new Promise((wake) => setTimeout(wake, 60_000))
      const before = await writes()
      await new Promise((wake) => setTimeout(wake, WATCHED_MINUTES * 60_000))
      const after = await writes()
      const memory: number[] = []
      for (const pod of pods) {
        memory.push(sum(await page(pod), 'process_resident_memory_bytes', () => true) / 1e6)
      }
      const how = `${WATCHED_MINUTES} minutes, two replicas, 60 s after all were ready`
      return [
        {
          what: 'memory of the leading operator',
          value: Math.max(...memory),
          unit: 'MB',
          aim: '≤ 120 MB',
          how: `resident, the larger of ${memory.map((mb) => Math.round(mb)).join(' and ')} MB; the largest part is Node and undici`,
        },
        {
          what: 'writes but Lease renewals',
          value: (after.all - before.all) / WATCHED_MINUTES,
          unit: '1/min',
          aim: '0',
          how,
        },
        {
          what: 'Lease renewals',
          value: (after.leases - before.leases) / WATCHED_MINUTES,
          unit: '1/min',
          how,
        },
      ]
    } finally {
      for (const name of names) await h.remove(name)
      await kube.close()
    }
  },
}
