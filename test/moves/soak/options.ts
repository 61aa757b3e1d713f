// What one may say to `npm run soak`.
import { InputError } from '../../../operator/rebalance/cli/read.ts'
import { readNumber, readWords } from '../../../operator/rebalance/cli/words.ts'

const USAGE = 'npm run soak -- --schedules N --seed S'

export type SoakOptions = { readonly schedules: number; readonly seed: number }

/** Reads the command line. Throws InputError, in one line that names the option and the remedy. */
export function readOptions(args: readonly string[]): SoakOptions {
  const { words, help } = readWords(args, { texts: [], numbers: ['schedules', 'seed'], hint: USAGE })
  if (help) throw new InputError(USAGE)
  const { schedules = '1000', seed = '1' } = words
  return {
    schedules: readNumber('schedules', schedules, { from: 1, to: Number.MAX_SAFE_INTEGER }),
    seed: readNumber('seed', seed, { from: 0, to: Number.MAX_SAFE_INTEGER }),
  }
}
