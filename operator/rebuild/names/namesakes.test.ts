import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNameless } from '../../../instance/store/boots/given-up.ts'
import type { RebuiltMember } from '../members.ts'
import { type Clash, describeClash, settleNames } from './namesakes.ts'

const member: fc.Arbitrary<RebuiltMember> = fc.record({
  id: fc.integer({ min: 1, max: 120 }).map(String),
  handle: fc.constantFrom('ana', 'ben', 'cem'),
  home: fc.integer({ min: 1, max: 3 }),
  epoch: fc.integer({ min: 1, max: 3 }).map((epoch) => 1_000 + epoch),
  state: fc.constantFrom<RebuiltMember['state']>('pending', 'active', 'active'),
  role: fc.constant('member'),
  signupToken: fc.constant(null),
  expiresAt: fc.constant(null),
})
const members = fc.uniqueArray(member, { selector: ({ id }) => id, maxLength: 9 })
/** No directory knows two of one name. */
const town = fc.tuple(members, fc.array(fc.nat({ max: 8 }), { maxLength: 3 })).map(([all, places]) => {
  const known = new Map<string, string>()
  for (const place of places) {
    const one = all[place]
    if (one && !known.has(one.handle)) known.set(one.handle, one.id)
  }
  // Whom nobody has only the directory can know.
  const missing = new Set([...known.values()].filter((id) => Number(id) % 2 === 0))
  return { all, known: new Set(known.values()), missing }
})
/** Those who have the name, without sign-ups that are not over. */
const holders = (all: readonly RebuiltMember[], handle: string) =>
  all.filter((one) => one.handle === handle && one.state !== 'pending')

describe('names', () => {
  test('are given once, to whoever lives, whom the directory knew or else the lowest id, and no other member is touched', () => {
    fc.assert(
      fc.property(town, ({ all, known, missing }) => {
        const found = settleNames(all, { known, missing }, undefined)
        const settled = settleNames(all, { known, missing }, found.clash?.code)
        expect([settled.clash, settled.forgotten]).toEqual([undefined, found.forgotten])
        for (const id of settled.forgotten) expect(all.find((one) => one.id === id)?.state).toBe('pending')
        expect(new Set(settled.members.map(({ handle }) => handle)).size).toBe(settled.members.length)
        for (const handle of ['ana', 'ben', 'cem']) {
          const those = holders(all, handle)
          const living = those
            .filter(({ id }) => !missing.has(id))
            .toSorted((a, b) => Number(a.id) - Number(b.id))
          const first = living.find(({ id }) => known.has(id)) ?? living[0] ?? those[0]
          for (const one of those) {
            const now = settled.members.find(({ id }) => id === one.id)
            if (one === first) expect(now).toBe(one)
            else
              expect(now).toMatchObject({
                state: 'deleted',
                home: one.home,
                epoch: one.epoch + 1,
                role: undefined,
              })
          }
        }
        for (const one of settled.members) expect(isNameless(one)).toBe(one.state === 'deleted')
      }),
      { numRuns: 500 },
    )
  })

  test('that several hold are told of by number and place, and stay as they are without their code', () => {
    fc.assert(
      fc.property(town, ({ all, known, missing }) => {
        const { clash, ...found } = settleNames(all, { known, missing }, undefined)
        const held = ['ana', 'ben', 'cem']
          .map((handle) => holders(all, handle))
          .filter((one) => one.length > 1)
        expect(clash !== undefined).toBe(held.length > 0)
        expect(found.members.every((one) => all.includes(one))).toBe(true)
        if (!clash) return
        expect(clash).toMatchObject({
          names: held.length,
          others: held.flat().length - held.length,
          homes: [1, 2, 3].filter((home) => held.flat().some((one) => one.home === home)),
        })
        expect(settleNames(all, { known, missing }, `${clash.code}0`)).toEqual({ ...found, clash })
      }),
      { numRuns: 500 },
    )
  })

  test('have one code in whatever order they are found, and another one when anybody of them is another', () => {
    fc.assert(
      fc.property(town, fc.nat(), ({ all, known, missing }, which) => {
        const codeOf = (some: readonly RebuiltMember[]) =>
          settleNames(some, { known, missing }, undefined).clash?.code
        const code = codeOf(all)
        expect(codeOf(all.toReversed())).toBe(code)
        const held = ['ana', 'ben', 'cem']
          .map((handle) => holders(all, handle))
          .filter((one) => one.length > 1)
        const one = held.flat()[which % Math.max(1, held.flat().length)]
        if (one) expect(codeOf(all.filter((other) => other !== one))).not.toBe(code)
        expect(codeOf(all.map((other) => ({ ...other, epoch: other.epoch + 1_000 })))).toBe(code)
      }),
      { numRuns: 500 },
    )
  })
})

test('a clash is told in plain words, short enough for a condition', () => {
  const two = [
    { id: '7', home: 2 },
    { id: '5', home: 1 },
  ]
  const say = (clash: Partial<Clash>) =>
    describeClash(
      { code: 'c0de', names: 1, others: 1, homes: [1, 2], holders: [two], ...clash },
      { namespace: 'town', name: 'garden' },
    )
  expect(say({})).toBe(
    'one name is held by different members, of the instances 1 and 2: a sign-up was lost with the directory and repeated. Restore a newer copy of the directory. Or keep, under each name, whoever came first (member 7 of instance 2, not member 5 of instance 1), and give up the other one for ever, with all that they wrote: kubectl -n town annotate --overwrite community garden hamlet.coop/give-up-namesakes=c0de',
  )
  expect(say({ names: 2, others: 3, homes: [1, 2, 4] })).toContain(
    '2 names are each held by different members, of the instances 1, 2 and 4: ',
  )
  expect(say({ others: 3 })).toContain('give up the other 3 for ever')
  const many = Array.from({ length: 1_000 }, (_, index) => index + 1)
  expect(say({ homes: many })).toContain('of 1000 instances')
  expect(say({ holders: [two, [...two, ...two], two] })).toContain(
    'not member 5 of instance 1; member 7 of instance 2, not member 5 of instance 1 and 2 more; and 1 more)',
  )
  const long = { id: String(2n ** 63n - 1n), home: 1023 }
  const longest = describeClash(
    {
      code: '0123456789',
      names: 1_000,
      others: 2_000,
      homes: many.slice(-10),
      holders: many.map(() => [long, long, long]),
    },
    { namespace: 'n'.repeat(63), name: 'c'.repeat(40) },
  )
  // Before it comes what could not be rebuilt.
  expect(longest.length).toBeLessThan(850)
})
