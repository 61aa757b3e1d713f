import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { type Bench, percentile } from '../figure.ts'

const MEMBERS = 600

const told = z.object({
  seconds: z.number(),
  moves: z.number(),
  written: z.number(),
  ties: z.number(),
  answers: z.record(z.string(), z.number()),
  /** Milliseconds of each acknowledged write, in order. */
  took: z.array(z.number()),
})

/** Plays the story of a community at work with as many as two full instances hold. */
export const bench: Bench = {
  what: `${MEMBERS} members at work while a sixth of them moves, and the operator, an instance and PostgreSQL are killed.`,
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'hamlet-busy-'))
    const file = join(folder, 'told')
    try {
      say('signing up, then moving: some ten minutes')
      await execa('vitest', ['run', '--project', 'cluster', 'test/busy'], {
        env: { HAMLET_BUSY: String(MEMBERS), HAMLET_BUSY_RESULT: file, HAMLET_KEEP: '1' },
      })
      const { seconds, moves, written, ties, answers, took } = told.parse(
        JSON.parse(await readFile(file, 'utf8')),
      )
      const how = `${moves} members moved, 8 people at a time; ${written} posts and ${ties} follows acknowledged, none lost; answers: ${Object.entries(
        answers,
      )
        .map(([answer, times]) => `${times} × ${answer}`)
        .join(', ')}`
      return [
        { what: 'from lowering the cap to all instances within it', value: seconds, unit: 's', how },
        {
          what: 'a write with all its tries, p50',
          value: percentile(took, 0.5),
          unit: 'ms',
          how: 'from the form being sent',
        },
        {
          what: 'a write with all its tries, p99',
          value: percentile(took, 0.99),
          unit: 'ms',
          how: 'the outages included',
        },
      ]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}
