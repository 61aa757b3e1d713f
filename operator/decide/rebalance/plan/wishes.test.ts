import { expect, test } from 'vitest'
import { makeCommunity } from '../../../testing/snapshots/community.ts'
import type { MovesFacts, TieFacts, WishFacts } from '../facts.ts'
import { makePlan } from './plan.ts'

const community = makeCommunity({ seats: { perInstance: 8 }, rebalance: { headroomPercent: 0 } })
const NOW = 1_000_000_000_000

/** Members a to j at instance 1, which has lost seats, and an empty instance 2. */
const factsOf = (cap: number, more: (id: string) => object = () => ({})): MovesFacts => ({
  domain: 'garden.example',
  incarnation: 1,
  revision: '1',
  now: NOW,
  instances: [1, 2].map((ordinal) => ({
    ordinal,
    cap: ordinal === 1 ? cap : 8,
    taken: ordinal === 1 ? 10 : 0,
    state: 'Active',
    address: '',
  })),
  members: [...'abcdefghij'].map((id) => ({
    id,
    home: 1,
    role: 'member',
    movedAt: null,
    undone: 0,
    unanswered: 0,
    ...more(id),
  })),
  open: [],
  done: 0,
  undone: 0,
  failure: null,
  begun: [],
})
/** All of each word know one another. */
const friends = (...words: string[]): TieFacts[] =>
  words.flatMap((word) =>
    [...word].flatMap((from) =>
      [...word]
        .filter((to) => to !== from)
        .map((to) => ({ from, to, follows: true, replies: 0, boosts: 0, likes: 0 })),
    ),
  )
const wishes = (given: Record<string, Partial<WishFacts>>): Map<string, WishFacts> =>
  new Map(
    Object.entries(given).map(([id, one]) => [id, { pinned: false, wantsMove: false, together: [], ...one }]),
  )
function moving(facts: MovesFacts, ties: TieFacts[], wished: Map<string, WishFacts>): string {
  const state = makePlan({ community, facts }, ties, wished)
  if (state.is !== 'made') throw new Error(JSON.stringify(state))
  return state.plan.order
    .map(({ member }) => member)
    .toSorted()
    .join('')
}

test('whoever wishes to stay is left where they are, and others go', () => {
  const ties = friends('abcdefgh', 'ij')
  expect(moving(factsOf(8), ties, new Map())).toBe('ij')
  const gone = moving(factsOf(8), ties, wishes({ i: { pinned: true }, j: { pinned: true } }))
  expect(gone).toHaveLength(2)
  expect(gone).not.toMatch(/[ij]/)
})

test('people who name each other go together, also without any other tie between them', () => {
  const ties = friends('abcdefgh', 'ij')
  const pair = { i: { together: ['a'] }, a: { together: ['i'] } }
  expect(moving(factsOf(8), ties, wishes(pair))).toMatch(/^(ai|[^ai]{2})$/)
  // Somebody they name wishes to stay, so they do, too.
  expect(moving(factsOf(8), ties, wishes({ ...pair, a: { together: ['i'], pinned: true } }))).not.toMatch(
    /[ai]/,
  )
})

test('a chain of names that is longer than an instance makes no plan impossible', () => {
  const all = [...'abcdefghij']
  const chain = Object.fromEntries(
    all.map((id, i) => [id, { together: [all[i - 1], all[i + 1]].filter((one) => one !== undefined) }]),
  )
  expect(moving(factsOf(8), [], wishes(chain))).toHaveLength(2)
})

test('more people who wish to stay than there are seats: whoever looks after the home stays, the others may have to go', () => {
  const facts = factsOf(4, (id) => (id === 'a' ? { role: 'organiser' } : {}))
  const all = Object.fromEntries([...'abcdefghij'].map((id) => [id, { pinned: true }]))
  const gone = moving(facts, friends('ab', 'cdefghij'), wishes(all))
  expect(gone).toHaveLength(6)
  expect(gone).not.toContain('a')
})

test('whoever asks to move is not spared for having moved lately', () => {
  const facts = factsOf(8, () => ({ movedAt: NOW - 1000 }))
  const gone = moving(facts, friends('abcdefgh'), wishes({ c: { wantsMove: true }, d: { wantsMove: true } }))
  expect(gone).toBe('cd')
})

test('made for wishes: whoever asks to move goes to where their friends are if there is a seat, and nobody else goes', () => {
  const base = factsOf(8)
  // a to e live at the first, f to j at the second; c has all friends at the second.
  const spread: MovesFacts = {
    ...base,
    instances: base.instances.map((row) => ({ ...row, cap: 8, taken: 5 })),
    members: base.members.map((one) => ({ ...one, home: one.id <= 'e' ? 1 : 2 })),
  }
  const ties = friends('abde', 'cfghij')
  const plan = (facts: MovesFacts, wished: Map<string, WishFacts>, forWishes = true) => {
    const state = makePlan({ community, facts, forWishes }, ties, wished)
    return state.is === 'made'
      ? state.plan.order.map(({ member, to }) => `${member}${to}`).join(' ')
      : state.is
  }
  const asks = wishes({ c: { wantsMove: true }, a: { wantsMove: true } })
  // For a there is nothing to be gained.
  expect(plan(spread, asks)).toBe('c2')
  expect(plan(spread, new Map())).toBe('')
  expect(plan(spread, asks, false)).toBe('')
  const lately = { ...spread, members: spread.members.map((one) => ({ ...one, movedAt: NOW - 86_400_000 })) }
  expect(plan(lately, asks)).toBe('')
  const full = {
    ...spread,
    instances: spread.instances.map((row) => (row.ordinal === 2 ? { ...row, taken: 8 } : row)),
  }
  expect(plan(full, asks)).toBe('')
  expect(plan(spread, wishes({ a: { together: ['j'] }, j: { together: ['a'] } }))).toMatch(/^(a2|j1)$/)
})
