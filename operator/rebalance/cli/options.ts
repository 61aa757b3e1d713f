import { parseArgs } from 'node:util'
import { InputError } from './read.ts'

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

/** Reads the command line. `undefined` asks for help; throws InputError with the remedy. */
export function readOptions(args: readonly string[]): PlanOptions | undefined {
  const { values } = parse(args)
  if (values.help) return undefined
  const { edges, homes, pins } = values
  if (edges === undefined)
    throw new InputError('--edges FILE is missing: a file of "member member [weight]" lines, or -')
  if (values.cap === undefined) throw new InputError('--cap N is missing: the seats of every instance')
  if ([edges, homes, pins].filter((file) => file === '-').length > 1) {
    throw new InputError('only one of --edges, --homes and --pins can be read from standard input')
  }
  const number = <K extends string>(
    name: K,
    text: string | undefined,
    wanted: RegExp,
    [least, most]: readonly [number, number],
    kind = 'a whole number',
  ) => {
    if (text === undefined) return {}
    const value = Number(text)
    if (!wanted.test(text) || !(value >= least && value <= most))
      throw new InputError(`--${name} "${text}" is not ${kind} from ${least} to ${most}`)
    return { [name]: value }
  }
  const whole = /^-?\d+$/
  return {
    edges,
    ...(homes === undefined ? {} : { homes }),
    ...(pins === undefined ? {} : { pins }),
    ...number('instances', values.instances, whole, [1, MOST_INSTANCES]),
    ...number('headroom', values.headroom, whole, [0, MOST]),
    ...number('lambda', values.lambda, /^\d+(\.\d+)?$/, [0, MOST], 'a number'),
    ...number('seed', values.seed, whole, [-MOST, MOST]),
    cap: number('cap', values.cap, whole, [1, MOST]).cap ?? 0,
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['--cap', '--instances', '--headroom', '--lambda', '--seed'])

/** `--cap -1` as `--cap=-1`: it is then read, and refused for what it is. */
const joined = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    const [before = '', after = ''] = [args[i - 1], args[i + 1]]
    if (NUMBERS.has(before) && /^-\d/.test(arg)) return []
    return NUMBERS.has(arg) && /^-\d/.test(after) ? [`${arg}=${after}`] : [arg]
  })

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: joined(args),
      options: {
        edges: { type: 'string' },
        cap: { type: 'string' },
        instances: { type: 'string' },
        headroom: { type: 'string' },
        homes: { type: 'string' },
        pins: { type: 'string' },
        lambda: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new InputError(`${line} (npm run plan -- --help)`)
  }
}
