// What the runtime's parts are given in tests.
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createKubeMetrics } from '../metrics.ts'
import { fakeClock } from './fake-clock.ts'

/** A clock that stands still, no chance, no log, metrics of their own. */
export function testDeps(random: () => number = () => 0) {
  return {
    clock: fakeClock(),
    random,
    log: pino({ level: 'silent' }),
    metrics: createKubeMetrics(new Registry()),
  }
}
