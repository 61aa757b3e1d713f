// The files of `npm run plan`: one entry a line, fields apart by spaces or tabs, `#` begins a comment.
import type { Edge } from '../graph.ts'

/** Something in a file that a person must correct. The message says file, line, what is wrong and what is expected. */
export class InputError extends Error {}

type Line = { readonly fields: readonly string[]; readonly fail: (what: string) => never }

function* linesOf(name: string, text: string): Generator<Line> {
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    const fields = (line.split('#', 1)[0] ?? '').trim().split(/\s+/)
    if (fields[0] === '') continue
    const fail = (what: string): never => {
      throw new InputError(`${name}, line ${i + 1}: ${what}`)
    }
    yield { fields, fail }
  }
}

/** Not what only JavaScript takes for a number, such as 0x10. */
const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Lines `a b` or `a b weight`. Of who has ties only with themselves the name is kept. */
export function readEdges(name: string, text: string): { edges: Edge[]; ids: Set<string> } {
  const edges: Edge[] = []
  const ids = new Set<string>()
  for (const { fields, fail } of linesOf(name, text)) {
    const [a, b, given = '1', more] = fields
    if (a === undefined || b === undefined)
      return fail('one member only; an edge is "member member" or "member member weight"')
    if (more !== undefined)
      return fail(`more than three fields, from "${more}" on; an edge is "member member weight"`)
    const weight = Number(given)
    if (!DECIMAL.test(given) || weight > 1e6)
      return fail(`the weight "${given}" is not a number from 0 to 1000000`)
    ids.add(a).add(b)
    edges.push({ a, b, weight })
  }
  return { edges, ids }
}

/** Lines `member instance`, every member once. */
export function readPlaces(name: string, text: string): Map<string, string> {
  const places = new Map<string, string>()
  for (const { fields, fail } of linesOf(name, text)) {
    const [member, instance, more] = fields
    if (member === undefined || instance === undefined)
      return fail('the instance is missing; a line is "member instance"')
    if (more !== undefined)
      return fail(`more than two fields, from "${more}" on; a line is "member instance"`)
    if (places.has(member)) return fail(`the member "${member}" is there a second time`)
    places.set(member, instance)
  }
  return places
}

/** Refuses a member whom neither edges nor homes know. */
export function refuseUnknown(name: string, text: string, known: ReadonlySet<string>): void {
  for (const { fields, fail } of linesOf(name, text)) {
    const member = fields[0] ?? ''
    if (!known.has(member)) fail(`the member "${member}" is in neither edges nor homes`)
  }
}
