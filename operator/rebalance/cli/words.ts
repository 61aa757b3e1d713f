// What is said on a command line: words by name, and numbers among them.
import { parseArgs } from 'node:util'
import { InputError } from './read.ts'

/** A whole number, and not what only JavaScript takes for one, such as 1e3 or 0x10. */
const WHOLE = /^-?\d+$/

export type Wanted = {
  readonly from: number
  readonly to: number
  /** What it looks like, if it need not be whole. */
  readonly like?: RegExp
}

/**
 * The options by name, each with the text that was given with it; `help` is true or false. Throws InputError in one line.
 * `numbers`: those that take a number. `hint`: what to type in order to see which options there are.
 */
export function readWords<Text extends string, Numeric extends string>(
  args: readonly string[],
  { texts, numbers, hint }: { texts: readonly Text[]; numbers: readonly Numeric[]; hint: string },
): { readonly words: { readonly [name in Text | Numeric]?: string }; readonly help: boolean } {
  const named = [...texts, ...numbers]
  try {
    const { values } = parseArgs({
      args: joined(args, new Set(numbers.map((name) => `--${name}`))),
      options: {
        ...Object.fromEntries(named.map((name) => [name, { type: 'string' as const }])),
        help: { type: 'boolean', default: false },
      },
    })
    const { help, ...words } = values
    return { words: words as { [name in Text | Numeric]?: string }, help: help === true }
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new InputError(`${line} (${hint})`)
  }
}

/** The number that was given with an option. Throws InputError with what it may be. */
export function readNumber(name: string, text: string, { from, to, like = WHOLE }: Wanted): number {
  const value = Number(text)
  if (like.test(text) && value >= from && value <= to) return value
  throw new InputError(
    `--${name} "${text}" is not ${like === WHOLE ? 'a whole number' : 'a number'} from ${from} to ${to}`,
  )
}

/** `--cap -1` as `--cap=-1`: it is then read, and refused for what it is. */
const joined = (args: readonly string[], numbers: ReadonlySet<string>): string[] =>
  args.flatMap((arg, i) => {
    const [before = '', after = ''] = [args[i - 1], args[i + 1]]
    if (numbers.has(before) && /^-\d/.test(arg)) return []
    return numbers.has(arg) && /^-\d/.test(after) ? [`${arg}=${after}`] : [arg]
  })
