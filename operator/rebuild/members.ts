// Who lives where, by all that is known: the highest epoch wins, whoever says it.
import { EPOCHS_PER_INCARNATION } from '../../instance/directory/incarnation.ts'
import type { HomeReport, LocalMove, OldMember, Resident } from './facts.ts'
import { hasLeft } from './moves.ts'
import { type Clash, settleNames } from './names/namesakes.ts'

export type RebuiltMember = {
  readonly id: string
  readonly handle: string
  readonly home: number
  readonly epoch: number
  readonly state: 'pending' | 'active' | 'deleted'
  /** Undefined: as it is in the directory. */
  readonly role: string | undefined
  readonly signupToken: string | null
  readonly expiresAt: string | null
}

export type RebuiltMembers = {
  readonly members: readonly RebuiltMember[]
  /** Sign-ups that no home knows of: their seats are free. */
  readonly forgotten: readonly string[]
  /** Why nothing may be rebuilt: two homes that both have a member, say. Names no person. */
  readonly conflict: string | undefined
  /** Nor while several members hold one name, unless somebody has given up the later ones. */
  readonly clash: Clash | undefined
}

type Stay = {
  readonly home: number
  readonly epoch: number
  /** The home's own row, where it has one. */
  readonly resident?: Resident
  readonly handle?: string | null
}

/** `givenUp` is the code of a clash of names whose later holders somebody has given up. */
export function rebuildMembers(
  old: readonly OldMember[],
  reports: readonly HomeReport[],
  givenUp: string | undefined,
): RebuiltMembers {
  const stays = new Map<string, Stay[]>()
  const add = (id: string, stay: Stay) => {
    stays.set(id, [...(stays.get(id) ?? []), stay])
  }
  for (const { ordinal, residents, moves } of reports) {
    for (const resident of residents) add(resident.id, { home: ordinal, epoch: resident.epoch, resident })
    for (const move of moves)
      if (hasLeft(move) && move.other > 0)
        add(move.member, { home: move.other, epoch: move.epoch + 1, handle: move.handle })
  }
  const known = new Map(old.map((member) => [member.id, member]))
  // Of whom nobody else knows anything: those who are on their way somewhere.
  for (const { ordinal, moves } of reports)
    for (const move of moves)
      if (!known.has(move.member) && !stays.has(move.member))
        for (const stay of onTheWay(move, ordinal)) add(move.member, stay)
  const ids = [...new Set([...known.keys(), ...stays.keys()])]
  const members: RebuiltMember[] = []
  const forgotten: string[] = []
  const missing = new Set<string>()
  let conflict: string | undefined
  for (const id of ids) {
    const before = known.get(id)
    const found = stays.get(id) ?? []
    // Given up by mistake, perhaps: whoever lives somewhere since lives.
    if (
      before?.state === 'deleted' &&
      !found.some(({ resident, epoch }) => resident && epoch > before.epoch)
    ) {
      members.push({ ...before, role: undefined, signupToken: null, expiresAt: null })
      continue
    }
    if (before?.state === 'pending' && found.length === 0) {
      forgotten.push(id)
      continue
    }
    const all = before ? [...found, { home: before.home, epoch: before.epoch }] : found
    const [last, next] = all.toSorted(
      (a, b) => b.epoch - a.epoch || Number(b.resident !== undefined) - Number(a.resident !== undefined),
    )
    const handle =
      before?.handle ??
      found.find(({ resident }) => resident)?.resident?.handle ??
      found.find((stay) => typeof stay.handle === 'string')?.handle
    if (!last || typeof handle !== 'string') continue
    if (next?.resident && last.resident && next.epoch === last.epoch && next.home !== last.home)
      conflict = `the instances ${last.home} and ${next.home} both have one and the same member`
    if (found.length === 0) missing.add(id)
    const { resident } = last
    const pending = resident?.state === 'pending' && before?.state !== 'active'
    members.push({
      id,
      handle,
      home: last.home,
      epoch: last.epoch + EPOCHS_PER_INCARNATION,
      state: pending ? 'pending' : 'active',
      role: resident?.role,
      signupToken: pending ? (resident?.signupToken ?? null) : null,
      expiresAt: pending ? (resident?.expiresAt ?? null) : null,
    })
  }
  const named = settleNames(members, { known, missing }, givenUp)
  return { ...named, forgotten: [...forgotten, ...named.forgotten], conflict }
}

const ARRIVING: ReadonlySet<string> = new Set(['staging', 'copied'])

/**
 * Where somebody lives of whom there is nothing but what is staged where they were to come: there, if their copy is
 * whole, for nobody has another; else where they came from, which lacks them and says so. Without them in the directory
 * their move could neither go on nor be given up.
 */
function onTheWay({ side, state, other, epoch, handle }: LocalMove, ordinal: number): Stay[] {
  if (side !== 'target' || handle === null) return []
  if (state === 'sealed') return [{ home: ordinal, epoch: epoch + 1, handle }]
  return ARRIVING.has(state) && other > 0 ? [{ home: other, epoch, handle }] : []
}
