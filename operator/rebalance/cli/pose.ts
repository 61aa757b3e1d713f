// From the files of `npm run plan` to the planner's input and back: instances have names there and ordinals here.

import type { PlanInput, PlanRefusal } from '../plan/input.ts'
import type { Plan } from '../plan/plan.ts'
import { MOST_INSTANCES, MOST_PLACES, type PlanOptions } from './options.ts'
import { InputError, readEdges, readPlaces, refuseUnknown } from './read.ts'

/** The text of each file; `undefined` for one that was not given. */
export type Files = { readonly edges: string; readonly homes?: string; readonly pins?: string }

export type Posed = { readonly input: PlanInput; readonly nameOf: (ordinal: number) => string }

const WHOLE = /^(0|[1-9]\d{0,8})$/

/** Throws InputError for what a person must correct. */
export function poseFiles(files: Files, options: PlanOptions): Posed {
  const { edges, ids } = readEdges(options.edges, files.edges)
  const homes = readPlaces(options.homes ?? 'homes', files.homes ?? '')
  const pins = readPlaces(options.pins ?? 'pins', files.pins ?? '')
  for (const member of homes.keys()) ids.add(member)
  refuseUnknown(options.pins ?? 'pins', files.pins ?? '', ids)

  const names = [...new Set([...homes.values(), ...pins.values()])].sort(byNumber)
  const { cap, headroom = 0, instances } = options
  if (instances !== undefined && instances < names.length) {
    const why = `--instances ${instances} is fewer than the ${names.length} that homes and pins name`
    throw new InputError(`${why}: give at least ${names.length}, or correct the files`)
  }
  const seats = Math.max(0, cap - headroom)
  if (seats === 0)
    throw new InputError(`--headroom ${headroom} leaves no seat of the ${cap} of --cap: lower it`)
  const wanted = instances ?? Math.max(names.length, Math.ceil(ids.size / seats))
  if (wanted > MOST_INSTANCES)
    throw new InputError(
      `--cap ${cap} makes ${wanted} instances of ${ids.size} members, and at most ${MOST_INSTANCES} are planned for: raise --cap, or name fewer`,
    )
  if (wanted * ids.size > MOST_PLACES)
    throw new InputError(
      `${ids.size} members and ${wanted} instances are more than can be planned at once: members times instances may be ${MOST_PLACES}`,
    )
  // New ones are called by the first numbers that are not taken.
  const taken = new Set(names)
  for (let next = 1; names.length < wanted; next++) if (!taken.has(String(next))) names.push(String(next))
  names.sort(byNumber)
  const ordinals = new Map(names.map((name, i) => [name, i]))

  const members = [...ids].map((id) => ({
    id,
    ...placed('home', ordinals, homes.get(id)),
    ...placed('pinned', ordinals, pins.get(id)),
  }))
  const { lambda, seed } = options
  return {
    input: {
      members,
      edges,
      instances: names.map((_, ordinal) => ({ ordinal, cap, state: 'Active' })),
      headroom,
      ...(lambda === undefined ? {} : { lambda }),
      ...(seed === undefined ? {} : { seed }),
    },
    nameOf: (ordinal) => names[ordinal] ?? '',
  }
}

/** Whole numbers first and by their value, other names after them. */
function byNumber(a: string, b: string): number {
  const [one, other] = [WHOLE.test(a), WHOLE.test(b)]
  if (one && other) return Number(a) - Number(b)
  if (one !== other) return one ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

const placed = (
  field: 'home' | 'pinned',
  ordinals: ReadonlyMap<string, number>,
  name: string | undefined,
) => {
  const ordinal = name === undefined ? undefined : ordinals.get(name)
  return ordinal === undefined ? {} : { [field]: ordinal }
}

/** Why there is no plan, with the instance by its name. */
export function told({ code, message, instance }: PlanRefusal, nameOf: (ordinal: number) => string): string {
  const here =
    instance === undefined
      ? message
      : message.replace(`instance ${instance}`, () => `instance ${nameOf(instance)}`)
  return `${code}: ${here}`
}

/** The plan as it is printed. Whole numbers are instances as numbers, other names as text. */
export function printable(plan: Plan, nameOf: (ordinal: number) => string) {
  const shown = (ordinal: number): number | string => {
    const name = nameOf(ordinal)
    return WHOLE.test(name) ? Number(name) : name
  }
  const { cut, cutBefore, moved, lowerBound, friendsKept, reasons } = plan
  return {
    homes: Object.fromEntries([...plan.homes].map(([id, ordinal]) => [id, shown(ordinal)])),
    cut,
    cutBefore,
    moved,
    lowerBound,
    friendsKept,
    reasons,
    order: plan.order.map(({ member, from, to }) => ({ member, from: shown(from), to: shown(to) })),
  }
}
