// Who lives where, by all that is known: the highest epoch wins, whoever says it.
import { EPOCHS_PER_INCARNATION } from '../../instance/directory/incarnation.ts'
import type { HomeReport, OldMember, Resident } from './facts.ts'
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
      if (hasLeft(move) && move.other > 0) add(move.member, { home: move.other, epoch: move.epoch + 1 })
  }
  const known = new Map(old.map((member) => [member.id, member]))
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
    // Whoever is known only from the home that they left has no name here; their own home knows it, or nobody does.
    const handle = before?.handle ?? found.find(({ resident }) => resident)?.resident?.handle
    if (!last || handle === undefined) continue
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
