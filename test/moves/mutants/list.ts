// Mistakes that one could make in a move, and for each the property that must notice it.
import { AHEAD, AHEAD_OF_THE_SWITCH } from './ahead.ts'
import { RECEIVED } from './received.ts'
import { RESTORED } from './restored.ts'
import { UNANSWERED } from './unanswered.ts'

export type Edit = { readonly file: string; readonly from: string; readonly to: string }

export type Mutant = {
  readonly name: string
  readonly edits: readonly Edit[]
  /** The test that must fail: its file, and its title without those of its groups. */
  readonly by: { readonly file: string; readonly test: string }
}

const AS_MEMBER = 'instance/store/as-member.ts'
const LOCKS = `for (const id of ids) await sql\`SELECT pg_advisory_xact_lock_shared(\${id}::bigint)\`.execute(tx)`
const FENCE = {
  file: 'test/moves/fence.pg.test.ts',
  test: 'whoever waited for a freeze sees that there was one, and writes nothing',
}
const RACE = {
  file: 'instance/move/freeze.pg.test.ts',
  test: 'nothing that was acknowledged is lost, nothing is there twice, and what was deleted stays deleted',
}
const crossing = (test: string) => ({ file: 'instance/move/crossing.pg.test.ts', test })

const NOT_LOOKED_FOR: Edit = {
  file: 'instance/move/gate.ts',
  from: 'return row !== undefined && PRESENT.has(row.state)',
  to: 'return true',
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'no lock around a write', edits: [{ file: AS_MEMBER, from: LOCKS, to: '' }], by: FENCE },
  {
    name: 'lock and check in one statement',
    edits: [
      { file: AS_MEMBER, from: LOCKS, to: '' },
      {
        file: AS_MEMBER,
        from: `SELECT unnest(\${ids}::bigint[])) AS wanted`,
        to: `SELECT locked.id FROM (SELECT id, pg_advisory_xact_lock_shared(id) FROM unnest(\${ids}::bigint[]) AS id) AS locked) AS wanted`,
      },
    ],
    by: FENCE,
  },
  {
    name: 'REPEATABLE READ writers',
    edits: [{ file: AS_MEMBER, from: "'read committed'", to: "'repeatable read'" }],
    by: FENCE,
  },
  {
    name: 'subscribe and copy swapped',
    edits: [
      {
        file: 'operator/rebalance/drive/steps.ts',
        from: "const logging = await ask(deps, move, 'source', 'subscribe', ['logging', 'quiet', 'frozen'])",
        to: "const logging = await ask(deps, move, 'target', 'copy', ['copied'])",
      },
      {
        file: 'operator/rebalance/drive/steps.ts',
        from: "const copied = await ask(deps, move, 'target', 'copy', ['copied'])",
        to: "const copied = await ask(deps, move, 'source', 'subscribe', ['logging', 'quiet', 'frozen'])",
      },
    ],
    by: RACE,
  },
  {
    name: 'what changed during the copy is not caught up',
    edits: [
      {
        file: 'instance/move/rows/export.ts',
        from: 'since === null ? sql`true`',
        to: 'since === null ? sql`false`',
      },
    ],
    by: RACE,
  },
  {
    name: 'deletes skipped in catch-up',
    edits: [{ file: 'instance/move/rows/stage.ts', from: 'await unstage(tx, move, delta.gone)', to: '' }],
    by: AHEAD,
  },
  {
    name: 'one comes while another leaves, neither waiting for the other',
    edits: [{ file: 'instance/move/leaving/demote.ts', from: 'await takeTurn(tx)', to: '' }],
    by: {
      file: 'test/moves/crossing.pg.test.ts',
      test: 'ana follows cem: so it is where one of them arrives while the other leaves',
    },
  },
  {
    name: 'no compare-and-set at the switch',
    edits: [
      { file: 'instance/directory/moves/steps.ts', from: ".where('step', '=', 'verified'),", to: ',' },
      { file: 'instance/directory/moves/steps.ts', from: ".where('step', '=', move.step)", to: '' },
    ],
    by: {
      file: 'instance/directory/moves/moves.pg.test.ts',
      test: 'given up, it is not switched; switched, it is not given up',
    },
  },
  {
    name: 'no attempt fence',
    edits: [
      {
        file: 'instance/move/fence.ts',
        from: "if (attempt < move.attempt) return refuse('move-overtaken')",
        to: '',
      },
    ],
    by: {
      file: 'operator/rebalance/drive/crash.pg.test.ts',
      test: 'of whom the first froze nobody yet: the call of its attempt is refused once a later one was heard',
    },
  },
  {
    name: '404 for a missing resident',
    edits: [
      {
        file: 'instance/federation/served/actor.ts',
        from: "absent(reply, 'unsure', { id: actor })\n  })",
        to: "absent(reply, 'nobody', { id: actor })\n  })",
      },
      // The door would make it good.
      NOT_LOOKED_FOR,
    ],
    by: {
      file: 'instance/federation/served/missing-row.pg.test.ts',
      test: 'somebody whom the directory places here, and whom this home has lost, is neither gone nor empty',
    },
  },
  {
    name: 'whoever is let go of before the answer taken for present',
    edits: [NOT_LOOKED_FOR],
    by: { file: 'instance/move/let-go.pg.test.ts', test: 'ana: a picture' },
  },
  {
    name: 'deliveries begun while they are to rest',
    edits: [
      {
        file: 'instance/federation/out/lease.ts',
        from: "q.state IN ('quiet', 'frozen')",
        to: "q.state IN ('frozen')",
      },
    ],
    by: {
      file: 'instance/move/freeze.pg.test.ts',
      test: 'a delivery under way is waited for, and none is begun after that',
    },
  },
  {
    name: 'a thaw that does not ask the directory',
    edits: [
      {
        file: 'instance/move/leaving/release.ts',
        from: "if (known?.step !== 'undoing' && known?.step !== 'undone') return refuse('move-not-so-far')",
        to: '',
      },
      {
        file: 'instance/move/tend.ts',
        from: "if (row.side === 'source') {\n    if (givenUp)",
        to: "if (row.side === 'source') {\n    if (true)",
      },
      {
        file: 'instance/move/leaving/release.ts',
        from: "if (move.shown && move.state === 'frozen') return { shown: true }",
        to: '',
      },
    ],
    by: {
      file: 'instance/move/freeze.pg.test.ts',
      test: 'one who was switched is not thawed, and both homes end the move without a driver',
    },
  },
  {
    name: 'staged members taken for neighbours',
    edits: [
      {
        file: 'instance/move/arriving/placing/bring.ts',
        from: "AND resident.state NOT IN ('staged', 'leaving')\n",
        to: '\n',
      },
    ],
    by: crossing('two who move to the same home at a time go on following each other'),
  },
  {
    name: 'nothing sent after somebody who is frozen',
    edits: [
      { file: 'instance/federation/out/queue.ts', from: "m.state IN ('frozen', 'demoted')", to: 'false' },
    ],
    by: crossing('what neighbours write and delete while somebody is on the way reaches them where they go'),
  },
  {
    name: 'nothing sent to where somebody who was switched comes from',
    edits: [
      {
        file: 'instance/federation/out/queue.ts',
        from: "m.side = 'target' AND m.state = 'sealed'",
        to: 'false',
      },
    ],
    by: {
      file: 'instance/move/switched.pg.test.ts',
      test: 'a post of a new neighbour goes to the home that they come from as well: the directory may go back',
    },
  },
  {
    name: 'a follow that nobody has answered left behind',
    edits: [
      {
        file: 'instance/move/arriving/placing/follows.ts',
        from: `sql\`t.follower_id = \${me} AND t.state = 'pending'`,
        to: 'sql`false',
      },
    ],
    by: crossing('a follow that overtakes its follower counts, whether whoever is followed has gone by then'),
  },
  {
    name: 'the end of a follow told to one home only',
    edits: [{ file: 'instance/members/follow.ts', from: 'public: target.ours', to: 'public: false' }],
    by: crossing(
      'a follow that comes late to a home that somebody has come back to was taken back there as well',
    ),
  },
  {
    name: 'deliveries begun again before an unfollow that the old home had taken in is applied',
    edits: [{ file: 'instance/federation/out/lease.ts', from: `AND NOT \${restsAfterMove}`, to: '' }],
    by: {
      file: 'instance/move/late.pg.test.ts',
      test: 'what her old home has applied by then, and not handed over, counts as well',
    },
  },
  {
    name: 'what was written after a follow was accepted sent before the answer',
    edits: [{ file: 'instance/federation/out/lease.ts', from: `AND NOT \${restsForAnswer}`, to: '' }],
    by: {
      file: 'instance/move/late.pg.test.ts',
      test: 'what she wrote after somebody was let follow her waits at the new home as well until they have the answer',
    },
  },
  ...AHEAD_OF_THE_SWITCH,
  ...RECEIVED,
  ...RESTORED,
  ...UNANSWERED,
]
