// A small community played step by step, so that a directory of any moment can be held against homes of a later one.
import type {
  HomeReport,
  InstanceState,
  LocalMove,
  OldDirectory,
  OldMember,
  OldMove,
  Resident,
} from '../facts.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Home = { residents: Map<string, Writable<Resident>>; moves: Map<string, Writable<LocalMove>> }

export type Town = {
  readonly members: Map<string, Writable<OldMember>>
  readonly moves: Map<string, Writable<OldMove>>
  readonly homes: Home[]
  revision: bigint
}

const NEXT: Readonly<Record<string, string>> = {
  reserved: 'subscribed',
  subscribed: 'copied',
  copied: 'quiesced',
  quiesced: 'frozen',
  frozen: 'verified',
  verified: 'switched',
  switched: 'activated',
  activated: 'done',
  undoing: 'undone',
}

export const makeTown = (homes: number): Town => ({
  members: new Map(),
  moves: new Map(),
  homes: Array.from({ length: homes }, () => ({ residents: new Map(), moves: new Map() })),
  revision: 1n,
})

const resident = (member: OldMember, state: Resident['state']): Writable<Resident> => ({
  id: member.id,
  handle: member.handle,
  state,
  epoch: member.epoch,
  role: 'member',
  signupToken: state === 'pending' ? `token-${member.id}` : null,
  expiresAt: null,
})

/** Somebody signs up; `far` says how far that comes: a seat, a row at home, all of it. */
export function join(town: Town, ordinal: number, far: 'seat' | 'row' | 'all'): void {
  const id = String(town.members.size + 1)
  const member: OldMember = {
    id,
    handle: `m${id}`,
    home: ordinal,
    epoch: 1,
    state: far === 'all' ? 'active' : 'pending',
  }
  town.members.set(id, member)
  if (far !== 'seat')
    homeOf(town, ordinal).residents.set(id, resident(member, far === 'all' ? 'active' : 'pending'))
  town.revision++
}

const homeOf = (town: Town, ordinal: number): Home => {
  const home = town.homes[ordinal - 1]
  if (!home) throw new Error(`no home ${ordinal}`)
  return home
}

/** Begins a move of a member, or takes the one under way a step further; with `giveUp` back, where that can be. */
export function push(town: Town, id: string, target: number, giveUp: boolean): void {
  const member = town.members.get(id)
  if (member?.state !== 'active') return
  const open = [...town.moves.values()].find(
    (move) => move.member === id && move.step !== 'done' && move.step !== 'undone',
  )
  town.revision++
  if (!open) {
    if (target === member.home) return
    const number = String(town.moves.size + 1)
    const { home: source, epoch } = member
    town.moves.set(number, { id: number, member: id, source, target, epoch, attempt: 1, step: 'reserved' })
    return
  }
  const late = ['switched', 'activated', 'undoing'].includes(open.step)
  if (giveUp && !late) open.step = 'undoing'
  else {
    const next = NEXT[open.step] ?? open.step
    happen(town, open, member, next)
    open.step = next
  }
}

function happen(town: Town, move: OldMove, member: Writable<OldMember>, step: string): void {
  const source = homeOf(town, move.source)
  const target = homeOf(town, move.target)
  const local = (side: 'source' | 'target', state: string) => {
    const { moves } = side === 'source' ? source : target
    const row = moves.get(move.id) ?? {
      id: move.id,
      side,
      member: move.member,
      handle: member.handle,
      other: side === 'source' ? move.target : move.source,
      epoch: move.epoch,
      attempt: move.attempt,
      state,
      left: false,
      createdAt: '2026-01-01T00:00:00Z',
      changedAt: '2026-01-01T00:00:00Z',
    }
    moves.set(move.id, { ...row, state })
  }
  const row = source.residents.get(move.member)
  if (step === 'subscribed') {
    local('target', 'staging')
    local('source', 'logging')
  } else if (step === 'copied') local('target', 'copied')
  else if (step === 'quiesced') local('source', 'quiet')
  else if (step === 'frozen') {
    local('source', 'frozen')
    if (row) row.state = 'frozen'
  } else if (step === 'verified') local('target', 'sealed')
  else if (step === 'switched') {
    member.home = move.target
    member.epoch = move.epoch + 1
  } else if (step === 'activated') {
    local('target', 'active')
    target.residents.set(move.member, resident(member, 'active'))
  } else if (step === 'done') {
    local('source', 'demoted')
    source.residents.delete(move.member)
  } else if (step === 'undone') {
    local('source', 'undone')
    local('target', 'undone')
    if (row) row.state = 'active'
  }
}

/** The directory as it is at this moment. */
export const dump = (town: Town): OldDirectory & { readonly revision: bigint } => ({
  revision: town.revision,
  instances: town.homes.map((_, index) => ({ ordinal: index + 1, state: 'Active' as InstanceState })),
  members: [...town.members.values()].map((member) => ({ ...member })),
  moves: [...town.moves.values()].map((move) => ({ ...move })),
})

export const reportsOf = ({ homes, revision }: Town): HomeReport[] =>
  homes.map(({ residents, moves }, index) => ({
    ordinal: index + 1,
    cap: 300,
    seen: { incarnation: 1, revision },
    residents: [...residents.values()],
    moves: [...moves.values()],
  }))
