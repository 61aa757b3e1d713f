// What one may say to `npm run soak`.
import { parseArgs } from 'node:util'

export type SoakOptions = { readonly schedules: number; readonly seed: number }

/** The smallest number that an option takes. */
const FROM = { schedules: 1, seed: 0 }
const THERE_ARE = '--schedules N and --seed S'

/** Reads the command line. What cannot be done is `refused`, in one line that names the option and the remedy. */
export function readOptions(args: readonly string[]): SoakOptions | { readonly refused: string } {
  // Not strict: the words of its own errors take several lines, and one of them asks about a number below zero.
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: { schedules: { type: 'string' }, seed: { type: 'string' } },
  })
  const found = { schedules: 1000, seed: 1 }
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') return { refused: `"${token.value}" is no option: use ${THERE_ARE}` }
    const { name, rawName, value } = token
    if (name !== 'schedules' && name !== 'seed')
      return { refused: `${rawName} is no option: use ${THERE_ARE}` }
    const from = FROM[name]
    const number = /^\d+$/.test(value ?? '') ? Number(value) : Number.NaN
    if (!Number.isSafeInteger(number) || number < from) {
      const got = value === undefined ? 'has no value' : `cannot be "${value}"`
      return { refused: `--${name} ${got}: give it a whole number from ${from} on, as in --${name} 1` }
    }
    found[name] = number
  }
  return found
}
