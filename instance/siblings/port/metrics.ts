// What an instance counts about itself. Labels name routes, homes and states, never people.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** A registry of its own for each instance: several may run in one process. */
export function makeMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const metrics = {
    registry,
    requests: new Histogram({
      name: 'hamlet_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer, by route.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    door: new Counter({
      name: 'hamlet_door_requests_total',
      help: 'Requests by where the door sent them.',
      labelNames: ['to'] as const,
      registers,
    }),
    doorFailures: new Counter({
      name: 'hamlet_door_failures_total',
      help: 'Attempts to hand a request over that did not work, by sibling and reason.',
      labelNames: ['sibling', 'reason'] as const,
      registers,
    }),
  }
  return metrics
}

export type Metrics = ReturnType<typeof makeMetrics>

/** Memory, CPU, event loop: the process's own figures, for the one instance of a process. */
export function collectProcess(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry })
}

/** A gauge that is read when it is asked for. */
export function onDemand(metrics: Metrics, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [metrics.registry],
    collect() {
      this.set(read())
    },
  })
}
