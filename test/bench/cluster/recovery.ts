import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Bench, median } from '../figure.ts'

const ROUNDS = 3

/** Runs the tests that kill things, and keeps the seconds that they tell. */
export const bench: Bench = {
  what: 'Killed without warning on a cluster: how long until all is well again.',
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'hamlet-recovery-'))
    const file = join(folder, 'told')
    try {
      for (let round = 1; round <= ROUNDS; round++) {
        say(`round ${round} of ${ROUNDS}`)
        await execa('vitest', ['run', '--project', 'cluster', 'test/faults/killed.cluster.test.ts'], {
          env: { HAMLET_RECOVERY: file, HAMLET_KEEP: '1' },
        })
      }
      const told = new Map<string, number[]>()
      for (const line of (await readFile(file, 'utf8')).trim().split('\n')) {
        const { what, seconds } = JSON.parse(line) as { what: string; seconds: number }
        told.set(what, [...(told.get(what) ?? []), seconds])
      }
      return [...told].map(([what, seconds]) => ({
        what,
        value: median(seconds),
        unit: 's',
        aim: '≤ 15 s',
        how: `median of ${seconds.length}, the longest ${Math.max(...seconds).toFixed(1)} s`,
      }))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}
