// Figures that are read from the instance's database when somebody asks for the metrics.
import { sql } from 'kysely'
import { Gauge } from 'prom-client'
import type { Instance } from '../../instance.ts'
import { type Metrics, onDemand } from './metrics.ts'

type Row = {
  residents: number
  cap: number
  high_water: number
  intake: string
  spool: string
  deliveries: string
  dead: string
  connections: string
}

/** One look for all gauges of a scrape, ended after two seconds: a scrape must not wait for a database that is down. */
async function look(instance: Pick<Instance, 'db'>): Promise<Row | undefined> {
  const query = sql<Row>`
    SELECT residents, cap, high_water,
      (SELECT count(*) FROM intake WHERE dead_at IS NULL) AS intake,
      (SELECT count(*) FROM spool) AS spool,
      (SELECT count(*) FROM deliveries WHERE dead_at IS NULL) AS deliveries,
      (SELECT count(*) FROM deliveries WHERE dead_at IS NOT NULL)
        + (SELECT count(*) FROM intake WHERE dead_at IS NOT NULL) AS dead,
      (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections
    FROM home`.execute(instance.db)
  const timeout = new Promise<undefined>((resolve) => {
    setTimeout(resolve, 2_000, undefined).unref()
  })
  return Promise.race([query.then(({ rows }) => rows[0]), timeout]).catch(() => undefined)
}

export type FiguresInstance = Pick<Instance, 'db' | 'siblings'> & {
  readonly homes: Pick<Instance['homes'], 'revision' | 'totals'>
}

/** Registers the gauges, and returns the look that fills them, to be awaited before each scrape. */
export function registerFigures(metrics: Metrics, instance: FiguresInstance): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [metrics.registry] })
  const up = gauge('hamlet_database_up', 'Whether the database of this instance answers.')
  const residents = gauge('hamlet_residents', 'Seats of this instance that are taken, in its own database.')
  const cap = gauge('hamlet_cap', 'Seats of this instance.')
  const highWater = gauge('hamlet_residents_high_water', 'The most residents there ever were.')
  const queue = gauge('hamlet_queue_depth', 'Rows that wait, by queue.', ['queue'])
  const connections = gauge(
    'hamlet_database_connections',
    'Open connections to the database of this instance.',
  )
  const { homes, siblings } = instance
  onDemand(metrics, 'hamlet_directory_revision', 'Revision of the directory in memory.', () =>
    Number(homes.revision),
  )
  onDemand(metrics, 'hamlet_community_waiting', 'People who wait for a seat.', () => homes.totals().waiting)
  onDemand(
    metrics,
    'hamlet_siblings_connections',
    'Open connections to siblings.',
    () => siblings.load().connected,
  )
  onDemand(
    metrics,
    'hamlet_siblings_running',
    'Requests under way to siblings.',
    () => siblings.load().running,
  )
  onDemand(metrics, 'hamlet_siblings_queued', 'Requests that wait for a connection to a sibling.', () => {
    return siblings.load().queued
  })
  return async () => {
    const row = await look(instance)
    up.set(row ? 1 : 0)
    if (!row) {
      // Old figures would hide that nothing is known.
      for (const one of [residents, cap, highWater, queue, connections]) one.reset()
      return
    }
    residents.set(row.residents)
    cap.set(row.cap)
    highWater.set(row.high_water)
    connections.set(Number(row.connections))
    for (const name of ['intake', 'spool', 'deliveries', 'dead'] as const) {
      queue.set({ queue: name }, Number(row[name]))
    }
  }
}
