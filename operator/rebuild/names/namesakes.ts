// A name is given once. Where a sign-up was repeated after the directory had lost it, two members hold one name.
import { namelessHandle } from '../../../instance/store/boots/given-up.ts'
import { codeOf } from '../../../instance/store/boots/missing.ts'
import { GIVE_UP_NAMESAKES } from '../../api/objects.ts'
import type { RebuiltMember } from '../members.ts'

type Holder = { readonly id: string; readonly home: number }

/** Names that more than one member holds. Names no person. */
export type Clash = {
  /** Stands for just these members under just these names. */
  readonly code: string
  /** How many names. */
  readonly names: number
  /** How many members have to be given up. */
  readonly others: number
  /** Ordinals of the instances where they live, ascending. */
  readonly homes: readonly number[]
  /** Of each name those who hold it; the first one would keep it. */
  readonly holders: readonly (readonly Holder[])[]
}

type Ids = { has(id: string): boolean }

type Settled = {
  readonly members: readonly RebuiltMember[]
  /** Ids of sign-ups that were given up: another one has the name. */
  readonly forgotten: readonly string[]
  /** Undefined: every name has one member, or had the others given up by their code. */
  readonly clash: Clash | undefined
}

/**
 * Gives every name to one member. A sign-up that is not over yields, and so does whoever is `missing`, for nobody has
 * them: nothing is given up for them that lives. Of the others, whoever came first keeps the name: the one whom the
 * directory knew, else the lowest id, for ids grow with time. The others are given up if `givenUp` is the code of the
 * clash: they stay in the directory as members who left, without a name and with an epoch that makes their homes let go
 * of them.
 */
export function settleNames(
  members: readonly RebuiltMember[],
  { known, missing }: { readonly known: Ids; readonly missing: Ids },
  givenUp: string | undefined,
): Settled {
  const forgotten = new Set<string>()
  const pairs: RebuiltMember[][] = []
  for (const holders of Map.groupBy(members, ({ handle }) => handle).values()) {
    const settled = holders.filter(({ state }) => state !== 'pending')
    const staying = settled.length > 0 ? settled : holders.slice(-1)
    for (const { id } of holders) if (!staying.some((one) => one.id === id)) forgotten.add(id)
    if (staying.length > 1)
      pairs.push(
        staying.toSorted(
          (a, b) =>
            Number(missing.has(a.id)) - Number(missing.has(b.id)) ||
            Number(known.has(b.id)) - Number(known.has(a.id)) ||
            compareIds(a.id, b.id),
        ),
      )
  }
  const left = members.filter(({ id }) => !forgotten.has(id))
  const others = new Set(pairs.flatMap(([, ...later]) => later.map(({ id }) => id)))
  const code = codeOf(pairs.map((pair) => pair.map(({ id }) => id).join('/')))
  const resolved = code === givenUp
  return {
    members: resolved ? left.map((member) => (others.has(member.id) ? nameless(member) : member)) : left,
    forgotten: [...forgotten],
    clash:
      resolved || pairs.length === 0
        ? undefined
        : {
            code,
            names: pairs.length,
            others: others.size,
            homes: [...new Set(pairs.flat().map(({ home }) => home))].sort((a, b) => a - b),
            holders: pairs.map((pair) => pair.map(({ id, home }) => ({ id, home }))),
          },
  }
}

const compareIds = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1)

/** Not of the stay that their home has: a number that only was raised by a rebuild would be taken over there. */
const nameless = (member: RebuiltMember): RebuiltMember => ({
  ...member,
  handle: namelessHandle(member.id),
  epoch: member.epoch + 1,
  state: 'deleted',
  role: undefined,
  signupToken: null,
  expiresAt: null,
})

/** So many instances are named. */
const NAMED = 10
/** And so many names are gone into. */
const TOLD = 2

/** What is wrong and what can be done, for the people who run the community. */
export function describeClash(
  { code, names, others, homes, holders }: Clash,
  community: { readonly namespace: string; readonly name: string },
): string {
  const held =
    names === 1
      ? 'one name is held by different members'
      : `${names} names are each held by different members`
  const given = others === 1 ? 'give up the other one' : `give up the other ${others}`
  return `${held}, of ${listed(homes)}: a sign-up was lost with the directory and repeated. Restore a newer copy of the directory. Or keep, under each name, whoever came first (${who(holders)}), and ${given} for ever, with all that they wrote: kubectl -n ${community.namespace} annotate --overwrite community ${community.name} ${GIVE_UP_NAMESAKES}=${code}`
}

/** Whoever keeps the name, and whoever does not: by their ids, which say nothing about who they are. */
function who(holders: Clash['holders']): string {
  const told = holders.slice(0, TOLD).map(([first, second, ...more]) => {
    const others = more.length > 0 ? ` and ${more.length} more` : ''
    return `${called(first)}, not ${called(second)}${others}`
  })
  return [...told, ...(holders.length > TOLD ? [`and ${holders.length - TOLD} more`] : [])].join('; ')
}

const called = (one: Holder | undefined): string => `member ${one?.id} of instance ${one?.home}`

function listed(homes: readonly number[]): string {
  if (homes.length === 1) return `instance ${homes[0]}`
  if (homes.length > NAMED) return `${homes.length} instances`
  return `the instances ${homes.slice(0, -1).join(', ')} and ${homes.at(-1)}`
}
