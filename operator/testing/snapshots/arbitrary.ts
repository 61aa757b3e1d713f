// Arbitrary snapshots of communities, for properties of decisions.
import fc from 'fast-check'
import { FINALIZER } from '../../decide/community/deletion/hold.ts'
import type {
  CommunitySnapshot,
  DatabaseState,
  DirectoryFacts,
  DirectoryInstance,
} from '../../decide/snapshot.ts'
import {
  makeClaim,
  makeCommunity,
  makeFacts,
  makeInstance,
  makeRow,
  makeSnapshot,
  NOW,
  UID,
} from './community.ts'

/** A database as it may be found, with facts that fit. */
export const knownStates = <Facts extends { readonly identity: unknown }>(
  facts: fc.Arbitrary<Facts>,
): fc.Arbitrary<DatabaseState<Facts>> =>
  fc
    .record({
      state: fc.constant('known' as const),
      there: fc.boolean(),
      ready: fc.boolean(),
      pending: fc.integer({ min: 0, max: 1 }),
      identified: fc.option(fc.boolean(), { nil: undefined }),
      facts: fc.option(facts, { nil: undefined }),
    })
    .map((state) => (state.facts ? { ...state, identified: state.facts.identity !== undefined } : state))

const row = (ordinal: number): fc.Arbitrary<DirectoryInstance> =>
  fc
    .record({
      cap: fc.integer({ min: 1, max: 300 }),
      state: fc.constantFrom('Opening' as const, 'Active' as const, 'Draining' as const, 'Retired' as const),
      full: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
      age: fc.integer({ min: 0, max: 120 }),
      drainedFor: fc.constantFrom('Asked' as const, 'Fewer' as const),
      quiet: fc.integer({ min: 0, max: 120 }),
      used: fc.boolean(),
    })
    .map(({ cap, state, full, age, drainedFor, quiet, used }) =>
      makeRow(ordinal, {
        cap,
        state,
        taken: Math.round(cap * full),
        createdAt: NOW - age * 60_000,
        drainedFor: state === 'Draining' ? drainedFor : null,
        stateSince: NOW - quiet * 1000,
        used,
      }),
    )

export const rows: fc.Arbitrary<DirectoryInstance[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 5 })
  .chain((ordinals) => fc.tuple(...ordinals.sort((a, b) => a - b).map(row)))
  .map((all) => [...all])

export const seats = fc
  .record({
    perInstance: fc.integer({ min: 1, max: 300 }),
    maxInstances: fc.integer({ min: 1, max: 8 }),
    minutesBetweenInstances: fc.integer({ min: 0, max: 60 }),
    free: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ free, ...given }) => ({ ...given, minFree: Math.max(1, Math.round(free * given.perInstance)) }))

const facts: fc.Arbitrary<DirectoryFacts> = fc
  .record({
    instances: rows,
    waiting: fc.integer({ min: 0, max: 500 }),
    organisers: fc.integer({ min: 0, max: 1 }),
    arriving: fc.integer({ min: 0, max: 1 }),
    keys: fc.integer({ min: 0, max: 2 }),
    identified: fc.boolean(),
  })
  .map(({ identified, ...given }) => makeFacts({ ...given, ...(!identified && { identity: undefined }) }))

const unknown: DatabaseState<never> = {
  state: 'unknown',
  refusal: { reason: 'DatabaseUnreachable', message: 'it does not answer' },
}

const directory: fc.Arbitrary<DatabaseState<DirectoryFacts>> = fc.oneof(
  fc.constant(unknown),
  knownStates(facts),
)

/** Anything that may be seen, the impossible included: what was decided must be safe all the same. */
export const snapshots: fc.Arbitrary<CommunitySnapshot> = fc
  .record({
    seats,
    drain: fc.oneof(fc.constant([]), fc.subarray([1, 2, 3, 4, 9])),
    mode: fc.constantFrom('Auto', 'Manual', 'Off'),
    policy: fc.constantFrom('Retain', 'Delete'),
    paused: fc.boolean(),
    deleted: fc.boolean(),
    held: fc.boolean(),
    confirmed: fc.constantFrom(undefined, 'garden.example', 'other.example'),
    claim: fc.option(
      fc.record({
        nextOrdinal: fc.integer({ min: 1, max: 9 }),
        made: fc.subarray(['directory', '1', '2', '3', '4', '5']).map((made) => new Set(made)),
        mine: fc.constantFrom('mine', 'earlier', 'theirs'),
      }),
      { nil: undefined },
    ),
    serverOk: fc.boolean(),
    directory,
    regression: fc.record({
      // Now and then: what else is decided shall be looked at, too.
      regressed: fc.nat({ max: 5 }).map((n) => n === 0),
      silent: fc.constantFrom([], [{ ordinal: 2, message: 'no answer' }]),
    }),
    instances: fc.uniqueArray(
      fc.record({
        ordinal: fc.integer({ min: 1, max: 8 }),
        cap: fc.integer({ min: 1, max: 300 }),
        statusCap: fc.integer({ min: 1, max: 300 }),
        serving: fc.boolean(),
        drained: fc.boolean(),
        observed: fc.integer({ min: 1, max: 2 }),
      }),
      { selector: ({ ordinal }) => ordinal, maxLength: 5 },
    ),
    remains: fc.record({
      objects: fc.constantFrom(
        [],
        [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'garden', namespace: 'town', uid: 's' } }],
      ),
      pods: fc.integer({ min: 0, max: 2 }),
      databases: fc.integer({ min: 0, max: 2 }),
    }),
  })
  .map((given) => {
    const community = makeCommunity(
      {
        seats: given.seats,
        drain: given.drain,
        rebalance: { mode: given.mode },
        deletionPolicy: given.policy,
        paused: given.paused,
      },
      {
        finalizers: ['else.example/kept', ...(given.held ? [FINALIZER] : [])],
        ...(given.deleted && { deletionTimestamp: '2030-01-01T00:00:00Z' }),
        ...(given.confirmed && { annotations: { 'hamlet.coop/confirm-delete': given.confirmed } }),
      },
    )
    const owner = {
      mine: { namespace: 'town', name: 'garden', uid: UID },
      earlier: { namespace: 'town', name: 'garden', uid: 'earlier' },
      theirs: { namespace: 'else', name: 'garden', uid: 'theirs' },
    }
    return makeSnapshot({
      community,
      claim:
        given.claim && makeClaim({ ...given.claim, owner: owner[given.claim.mine as keyof typeof owner] }),
      ...(!given.serverOk && {
        server: { ok: false, endpoint: { host: 'db', port: 5432 }, refusal: unknown.refusal },
      }),
      directory: given.serverOk ? given.directory : unknown,
      instances: given.instances.map(({ ordinal, ...rest }) =>
        makeInstance(ordinal, {
          ...rest,
          generation: 2,
          ...(rest.drained && { state: 'Draining' }),
        }),
      ),
      regression: given.regression,
      remains: given.remains,
    })
  })
