// Metrics under the names that client-go and controller-runtime use, so that existing dashboards fit.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type KubeMetrics = ReturnType<typeof createKubeMetrics>

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]

/**
 * All of them on one registry. Writes per minute: `rest_client_requests_total` with method POST, PUT, PATCH or DELETE;
 * `resource!="leases"` leaves the leader's heartbeat out.
 */
export function createKubeMetrics(registry: Registry) {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name, help, labelNames, registers, buckets: SECONDS })
  return {
    requests: counter('rest_client_requests_total', 'Requests to the API server; code 0 is no answer.', [
      'code',
      'method',
      'verb',
      'resource',
    ]),
    requestSeconds: histogram('rest_client_request_duration_seconds', 'Time to the end of the answer.', [
      'verb',
    ]),
    queueDepth: gauge('workqueue_depth', 'Keys that wait.', ['name']),
    queueAdds: counter('workqueue_adds_total', 'Keys added.', ['name']),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'Time from being added to being worked on.', [
      'name',
    ]),
    workSeconds: histogram('workqueue_work_duration_seconds', 'Time of one piece of work.', ['name']),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure.', ['name']),
    longestRunning: gauge(
      'workqueue_longest_running_processor_seconds',
      'How long the oldest piece of work has been running.',
      ['name'],
    ),
    reconciles: counter('controller_runtime_reconcile_total', 'Reconciliations.', ['controller', 'result']),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed.', [
      'controller',
    ]),
    lists: counter('reflector_lists_total', 'Full lists, at the start and after gaps.', ['resource']),
    watches: counter('reflector_watches_total', 'Watches begun.', ['resource']),
    watchFailures: counter('reflector_watch_failures_total', 'Lists and watches that failed.', [
      'resource',
      'why',
    ]),
    refused: gauge(
      'reflector_refused',
      '1 while the API server refuses to have this listed and watched: no rights there, or no such kind.',
      ['resource', 'namespace'],
    ),
    objects: gauge('reflector_objects', 'Objects held in memory.', ['resource']),
    leader: gauge('leader_election_master_status', '1 if this process leads.', ['name']),
  }
}
