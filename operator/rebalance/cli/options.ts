import { InputError } from './read.ts'
import { readNumber, readWords, type Wanted } from './words.ts'

export type PlanOptions = {
  readonly edges: string
  readonly cap: number
  readonly instances?: number
  readonly headroom?: number
  readonly homes?: string
  readonly pins?: string
  readonly lambda?: number
  readonly seed?: number
}

/** Of any number on the command line. */
const MOST = 1e6
/** The search keeps a number for every member in every instance. */
export const MOST_INSTANCES = 1_000
/** Of members times instances: twenty thousand members in a hundred, say. Above, a plan takes minutes and gigabytes. */
export const MOST_PLACES = 2_000_000

/** Shown by `npm run plan -- --help`. */
export const help = `npm run plan -- --edges FILE --cap N [OPTIONS]

Plans who lives on which instance and prints the plan as JSON. Nobody is moved by it.

  --edges FILE      who knows whom: "member member [weight]" a line, - for standard input
  --cap N           seats of every instance
  --instances N     how many there are, 1000 at most (default: the fewest that fit, and all that homes and pins name)
  --headroom N      seats of every instance that stay free (default 0)
  --homes FILE      where they live now: "member instance" a line
  --pins FILE       where they must live: "member instance" a line
  --lambda N        move somebody if it keeps more than this much friendship together
                    (default: move as few as possible)
  --seed N          another seed, another plan (default 1)

In every file # begins a comment; edges of the same two are added, and edges to oneself ignored.
Ends with 0 and a plan on standard output, or with 2 and a message that says what to correct.`

const NUMBERS = {
  cap: { from: 1, to: MOST },
  instances: { from: 1, to: MOST_INSTANCES },
  headroom: { from: 0, to: MOST },
  lambda: { from: 0, to: MOST, like: /^\d+(\.\d+)?$/ },
  seed: { from: -MOST, to: MOST },
} as const satisfies { readonly [name: string]: Wanted }
type Numeric = keyof typeof NUMBERS

/** Reads the command line. `undefined` asks for help; throws InputError with the remedy. */
export function readOptions(args: readonly string[]): PlanOptions | undefined {
  const { words, help } = readWords(args, {
    texts: ['edges', 'homes', 'pins'],
    numbers: Object.keys(NUMBERS) as Numeric[],
    hint: 'npm run plan -- --help',
  })
  if (help) return undefined
  const { edges, homes, pins, cap } = words
  if (edges === undefined)
    throw new InputError('--edges FILE is missing: a file of "member member [weight]" lines, or -')
  if (cap === undefined) throw new InputError('--cap N is missing: the seats of every instance')
  if ([edges, homes, pins].filter((file) => file === '-').length > 1) {
    throw new InputError('only one of --edges, --homes and --pins can be read from standard input')
  }
  const number = <K extends Numeric>(name: K) => {
    const text = words[name]
    return text === undefined ? {} : { [name]: readNumber(name, text, NUMBERS[name]) }
  }
  return {
    edges,
    ...(homes === undefined ? {} : { homes }),
    ...(pins === undefined ? {} : { pins }),
    ...number('instances'),
    ...number('headroom'),
    ...number('lambda'),
    ...number('seed'),
    cap: readNumber('cap', cap, NUMBERS.cap),
  }
}
