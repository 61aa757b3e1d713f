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

/** Shown by `npm run plan -- --help`. */
export const help = `npm run plan -- --edges FILE --cap N [OPTIONS]

Plans who lives on which instance and prints the plan as JSON. Nobody is moved by it.

  --edges FILE      who knows whom: "member member [weight]" a line, - for standard input
  --cap N           seats of every instance
  --instances N     how many there are (default: the fewest that fit, and all that homes and pins name)
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
  const number = <K extends string>(name: K, text: string | undefined, wanted: RegExp, what: string) => {
    if (text === undefined) return {}
    if (!wanted.test(text) || Number(text) > 1e6) throw new InputError(`--${name} "${text}" is not ${what}`)
    return { [name]: Number(text) }
  }
  const positive = /^0*[1-9]\d*$/
  return {
    edges,
    ...(homes === undefined ? {} : { homes }),
    ...(pins === undefined ? {} : { pins }),
    ...number('instances', values.instances, positive, 'a whole number from 1 on'),
    ...number('headroom', values.headroom, /^\d+$/, 'a whole number from 0 on'),
    ...number('lambda', values.lambda, /^\d+(\.\d+)?$/, 'a number from 0 on'),
    ...number('seed', values.seed, /^-?\d+$/, 'a whole number'),
    cap: number('cap', values.cap, positive, 'a whole number from 1 on').cap ?? 0,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
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
    throw new InputError(`${error instanceof Error ? error.message : error} (npm run plan -- --help)`)
  }
}
