// Mistakes in what is done about a database that was put back to an older copy.
import type { Mutant } from './list.ts'

export const RESTORED: readonly Mutant[] = [
  {
    name: 'demotion on a lower epoch',
    edits: [
      {
        file: 'instance/store/boots/residents.ts',
        from: 'home.epoch > resident.epoch',
        to: 'home.epoch !== resident.epoch',
      },
    ],
    by: {
      file: 'test/moves/restores/directory.pg.test.ts',
      test: 'restored to when the move was at before: nobody is sent away or brought back',
    },
  },
  {
    name: 'a restored copy comes to life although its member has moved on',
    edits: [
      {
        file: 'instance/move/arriving/activate.ts',
        from: "if (home?.state !== 'active' || !endsWith(known, home)) return",
        to: 'if (!home) return',
      },
      {
        file: 'instance/move/tend.ts',
        from: 'givenUp || (await isPast(instance, known))',
        to: 'givenUp',
      },
    ],
    by: {
      file: 'test/moves/restores/homes.pg.test.ts',
      test: 'the home between, restored to when she was on the way there: verified',
    },
  },
  {
    name: 'a move switched although the home that is left has forgotten the freeze',
    edits: [{ file: 'instance/store/boots/residents.ts', from: 'await giveUpForgotten(deps)', to: '' }],
    by: { file: 'test/moves/restores/midway.pg.test.ts', test: 'put back to: subscribed' },
  },
  {
    name: 'somebody brought back to a home that they are about to have left',
    edits: [
      {
        file: 'instance/move/arriving/bring-back.ts',
        from: "if (leaving.some(({ memberId }) => memberId === home.id)) return refuse('unsettled')",
        to: '',
      },
    ],
    by: { file: 'test/moves/restores/midway.pg.test.ts', test: 'put back to before she came there' },
  },
  {
    name: 'somebody who was switched missed only by a home that begins again',
    edits: [{ file: 'instance/move/tend.ts', from: ' && !(await lacksAnybody(instance))', to: '' }],
    by: {
      file: 'test/moves/restores/midway.pg.test.ts',
      test: 'and the other home is put back to: subscribed',
    },
  },
  {
    name: 'a copy of the boot row taken for the row itself',
    edits: [
      {
        file: 'instance/store/boots/boots.ts',
        from: 'boots.id, boots.xmin,',
        to: 'boots.id,',
      },
    ],
    by: {
      file: 'instance/store/as-member.pg.test.ts',
      test: 'without this process’s boot row nothing is written: the database was restored',
    },
  },
  {
    name: 'a rebuilt directory leaves switched moves to be undone',
    edits: [
      {
        file: 'operator/rebuild/moves.ts',
        from: "const decided = old?.step === 'switched' || old?.step === 'activated' || current",
        to: 'const decided = false',
      },
    ],
    by: {
      file: 'operator/rebuild/rebuild.test.ts',
      test: 'leaves no move half way: each is undone where the member is, or finished where they went',
    },
  },
  {
    name: 'members given up of whom the home that they came from has a copy',
    edits: [
      {
        file: 'operator/rebuild/lost/give-up.ts',
        from: 'if (copies.length > 0)',
        to: 'if (copies.length < 0)',
      },
    ],
    by: {
      file: 'test/moves/restores/given-up.pg.test.ts',
      test: 'target restored to before: she is brought back, and given up by nobody before that',
    },
  },
  {
    name: 'what was staged of somebody who was given up kept with its seat',
    edits: [
      {
        file: 'instance/move/arriving/target.ts',
        from: "home.state === 'deleted' || ",
        to: '',
      },
    ],
    by: {
      file: 'test/moves/restores/given-up.pg.test.ts',
      test: 'target restored to copied, and nobody has her: she can be given up, and nothing of the move is left',
    },
  },
  {
    name: 'somebody who lives given up for a namesake whom nobody has',
    edits: [
      {
        file: 'operator/rebuild/names/namesakes.ts',
        from: 'Number(missing.has(a.id)) - Number(missing.has(b.id)) ||',
        to: '',
      },
    ],
    by: {
      file: 'test/moves/restores/names.pg.test.ts',
      test: 'somebody who lives is kept before somebody whom the directory knew and nobody has',
    },
  },
  {
    name: 'a namesake given up with the epoch of a stay that goes on',
    edits: [
      {
        file: 'operator/rebuild/names/namesakes.ts',
        from: 'epoch: member.epoch + 1,',
        to: '',
      },
    ],
    by: {
      file: 'test/moves/restores/names.pg.test.ts',
      test: 'whoever is given up was on the way elsewhere: copied',
    },
  },
  {
    name: 'a thaw by the word of the directory alone',
    edits: [
      {
        file: 'instance/move/leaving/release.ts',
        from: "if (move.shown && move.state === 'frozen') return { shown: true }",
        to: '',
      },
    ],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'and she was activated' },
  },
  {
    name: 'a home that gave its copy back believes a directory that has forgotten it',
    edits: [
      {
        file: 'instance/move/arriving/activate.ts',
        from: "if (move.state === 'undone') return refuse('directory-regressed', { retryAfter: 60 })",
        to: '',
      },
    ],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'and both homes were driven' },
  },
  {
    name: 'a directory that takes a move up again that it had given up believed',
    edits: [
      {
        file: 'instance/move/internal.ts',
        from: 'if (!isRefusal(answer) || !ENDED.has(answer.code) || !(await isOverOnlyHere(instance, move))) return answer',
        to: 'return answer',
      },
    ],
    by: {
      file: 'test/moves/restores/failover.pg.test.ts',
      test: 'it does not know that a move was given up and cleaned away, and has counted on, and she was copied',
    },
  },
  {
    name: 'a directory believed by whoever is asked for a change of a move that is over there',
    edits: [
      {
        file: 'instance/move/internal.ts',
        from: 'return believed(instance, call.data, await showDelta(instance, request.sibling, call.data))',
        to: 'return showDelta(instance, request.sibling, call.data)',
      },
    ],
    by: {
      file: 'test/moves/restores/failover.pg.test.ts',
      test: 'of a move that was given up it knows only: copied, and her home alone has heard the rest',
    },
  },
  {
    name: 'a directory that does not know a move believed',
    edits: [{ file: 'instance/move/tend.ts', from: 'await instance.homes.disprove()', to: '' }],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'then she is at home all the same' },
  },
  {
    name: 'a move that begins at a home before anybody is staged for it',
    edits: [
      {
        file: 'instance/move/fence.ts',
        from: 'return await db\n      .transaction()',
        to: `if (opens) await db.insertInto('moves').values(opens).onConflict((one) => one.doNothing()).execute()
    return await db
      .transaction()`,
      },
    ],
    by: {
      file: 'test/moves/restores/staging.pg.test.ts',
      test: 'put back to when her seat there was being reserved: the move goes on, or is given up',
    },
  },
  {
    name: 'a directory believed that forgot where somebody leaves for',
    edits: [
      {
        file: 'instance/directory/regression.ts',
        from: "if (state === 'leaving') return known <= epoch",
        to: "if (state === 'leaving') return false",
      },
    ],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'and that home reads it again' },
  },
  {
    name: 'somebody who was thawed taken for one who has left',
    edits: [
      {
        file: 'operator/rebuild/moves.ts',
        from: "(left && state !== 'undone')",
        to: 'left',
      },
    ],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'and that home has thawed her' },
  },
  {
    name: 'somebody let go of who has nowhere to go',
    edits: [
      {
        file: 'instance/move/leaving/leavers.ts',
        from: 'if (staysHere(deps, home, leaver))',
        to: 'if (false)',
      },
    ],
    by: { file: 'test/moves/restores/failover.pg.test.ts', test: 'and that home has thawed her' },
  },
  {
    name: 'a home that was put back with the directory does not give way to a sibling',
    edits: [
      {
        file: 'instance/siblings/stays.ts',
        from: 'for (const { id, epoch } of found)',
        to: 'for (const { id, epoch } of found.slice(0, 0))',
      },
    ],
    by: {
      file: 'test/moves/restores/several.pg.test.ts',
      test: 'the directory of before, homes of before and done which start as [2,1]',
    },
  },
  {
    name: 'whom a home has kept aside proves nothing against an older directory',
    edits: [{ file: 'instance/directory/homes.ts', from: '[...residents, ...kept]', to: 'residents' }],
    by: {
      file: 'test/moves/restores/several.pg.test.ts',
      test: 'the directory of before, homes of done and before which start as [1,2]',
    },
  },
]
