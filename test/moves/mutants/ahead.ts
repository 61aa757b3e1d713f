// Mistakes in what is done ahead of the switch: comparing, and putting things in their place.
import type { Mutant } from './list.ts'

const COMPARE = 'instance/move/arriving/compare.ts'
const CRASH = 'operator/rebalance/drive/crash.pg.test.ts'
export const AHEAD = {
  file: 'instance/move/ahead.pg.test.ts',
  test: 'whatever becomes of it before the switch, the switch sets it right',
}

export const AHEAD_OF_THE_SWITCH: readonly Mutant[] = [
  {
    name: 'a staged row that was written after it was compared',
    edits: [{ file: COMPARE, from: '...got.gone, ...written]', to: '...got.gone]' }],
    by: { file: CRASH, test: 'a row changed, frozen' },
  },
  {
    name: 'a staged row that was lost after it was compared',
    edits: [{ file: COMPARE, from: 'if (lost.length > 0) return differ(lost)', to: '' }],
    by: { file: CRASH, test: 'a row lost, frozen' },
  },
  {
    name: 'sealed without holding the last changes against the source',
    edits: [
      {
        file: COMPARE,
        from: 'const different = same(got.digests, here)',
        to: 'const different = same(here, here)',
      },
    ],
    by: { file: CRASH, test: 'a row changed, frozen' },
  },
  {
    name: 'placed posts taken for what they were when they were compared',
    edits: [
      {
        file: 'instance/move/arriving/activate.ts',
        from: 'if (here[0]?.news === true || here[0]?.count !== compared.posts) {',
        to: 'if (false) {',
      },
    ],
    by: AHEAD,
  },
  {
    name: 'what was placed left as it is at the switch',
    edits: [
      {
        file: 'instance/move/arriving/activate.ts',
        from: 'for (const [table, by] of OWN_TABLES) await clearUnlike(context, table, by)',
        to: '',
      },
    ],
    by: AHEAD,
  },
  {
    name: 'placed likes left as they are at the switch',
    edits: [{ file: 'instance/move/arriving/activate.ts', from: 'await clearLikes(context)', to: '' }],
    by: AHEAD,
  },
  {
    name: 'placed likes left behind when a move is given up',
    edits: [
      { file: 'instance/move/arriving/placing/placed.ts', from: 'await takeBackLikes(tx, move)', to: '' },
    ],
    by: {
      file: 'instance/move/ahead.pg.test.ts',
      test: 'who of other servers likes a post is placed with it, and taken away when the move is given up',
    },
  },
  {
    name: 'placed boosts left as they are at the switch',
    edits: [{ file: 'instance/move/arriving/activate.ts', from: 'await clearBoosts(context)', to: '' }],
    by: AHEAD,
  },
  {
    name: 'placed boosts left behind when a move is given up',
    edits: [
      { file: 'instance/move/arriving/placing/placed.ts', from: 'await takeBackBoosts(tx, move)', to: '' },
    ],
    by: {
      file: 'instance/move/ahead.pg.test.ts',
      test: 'who of other servers boosts a post is placed with it, and taken away when the move is given up',
    },
  },
  {
    name: 'people who were placed taken away although somebody here knows them by now',
    edits: [
      {
        file: 'instance/move/arriving/placing/placed.ts',
        from: `AND \${sql.join(unnamed, sql\` AND \`)}`,
        to: '',
      },
    ],
    by: {
      file: 'instance/move/ahead.pg.test.ts',
      test: 'whom somebody here follows meanwhile stays here when the move is given up, and so do their boosts',
    },
  },
  {
    name: 'posts that somebody brings along taken back with those of their author',
    edits: [{ file: 'instance/move/arriving/activate.ts', from: 'await keepPlaced(tx, ids)', to: '' }],
    by: {
      file: 'instance/move/ahead.pg.test.ts',
      test: 'a post that somebody brings along while it is placed stays here when the move is given up',
    },
  },
  {
    name: 'older writes of the whole server waited for',
    edits: [
      {
        file: 'instance/move/settled.ts',
        from: '(session.datname IS NULL OR session.datname = current_database())',
        to: 'true',
      },
    ],
    by: {
      file: 'instance/move/settled.pg.test.ts',
      test: 'a write in another database of the server is not waited for',
    },
  },
  {
    name: 'somebody who has gone taken for a neighbour until they are let go',
    edits: [
      {
        file: 'instance/move/arriving/placing/bring.ts',
        from: "AND NOT (resident.state = 'frozen' AND",
        to: 'AND NOT (false AND',
      },
    ],
    by: {
      file: 'instance/move/arriving/gone.pg.test.ts',
      test: 'whom they follow since, where they lived together, they go on following',
    },
  },
  {
    name: 'whoever is about to be let go of loses whom they followed with the next one who leaves',
    edits: [
      {
        file: 'instance/move/leaving/demote.ts',
        from: "AND r.state <> 'staged')",
        to: "AND r.state NOT IN ('staged', 'leaving'))",
      },
    ],
    by: {
      file: 'instance/move/arriving/gone.pg.test.ts',
      test: 'whom they followed, and who left as well before they were let go of, reaches them by way of their old home',
    },
  },
]
