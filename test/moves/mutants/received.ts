// Mistakes in what is done with activities that come for members who move.
import type { Mutant } from './list.ts'

export const RECEIVED: readonly Mutant[] = [
  {
    name: 'receipts that know nothing of activity ids that were taken back',
    edits: [
      {
        file: 'instance/federation/in/effects/posts/held.ts',
        from: 'if (await isBuried(tx, activity.id, activity.actor)) return undefined',
        to: '',
      },
    ],
    by: {
      file: 'instance/federation/in/apply/order.pg.test.ts',
      test: 'any order and repetition of what one remote actor did ends in the same state',
    },
  },
  {
    name: 'receipts unique by activity id',
    edits: [
      {
        file: 'instance/federation/in/apply/apply.ts',
        from: 'return (await write(tx)) ?? DONE',
        to: `const receipt = await sql\`INSERT INTO kv (key, value, expires_at)
          VALUES (\${\`key:\${row.activity_uri}\`}, '1', now() + interval '1 day')
          ON CONFLICT DO NOTHING RETURNING key\`.execute(tx)
        return receipt.rows.length > 0 ? ((await write(tx)) ?? DONE) : DONE`,
      },
    ],
    by: {
      file: 'instance/federation/in/apply/departed.pg.test.ts',
      test: 'a post of somebody she follows, which her old home had not applied when she was verified, is in her timeline',
    },
  },
  {
    name: 'an activity kept once, whoever’s inbox it comes to',
    edits: [
      {
        file: 'instance/federation/in/keep.ts',
        from: "if (here.length > 0) await tx.insertInto('intake').values(here).execute()",
        to: `for (const row of here) {
          const there = tx.selectFrom('intake').select('id').where('activity_uri', '=', row.activity_uri)
          if (!(await there.executeTakeFirst())) await tx.insertInto('intake').values(row).execute()
        }`,
      },
    ],
    by: {
      file: 'instance/federation/in/apply/departed.pg.test.ts',
      test: 'what comes to the own inboxes of two at one home, of whom one has left, counts for both',
    },
  },
  {
    name: 'what came for one member passed on to all who left',
    edits: [
      {
        file: 'instance/federation/in/apply/departed.ts',
        from: 'if (row.recipient !== null && row.recipient !== handle) continue',
        to: '',
      },
    ],
    by: {
      file: 'instance/move/crossing.pg.test.ts',
      test: 'what comes for two who changed places is passed on to each once, and not back and forth for ever',
    },
  },
  {
    name: 'what comes from elsewhere for somebody who is frozen dropped',
    edits: [
      {
        file: 'instance/federation/in/apply/apply.ts',
        from: 'return later(result.code)',
        to: "return result.code === 'frozen' ? DONE : later(result.code)",
      },
    ],
    by: {
      file: 'test/stories/remote.pg.test.ts',
      test: 'what the other server sent was taken at once, counts once, and she is told of it where she lives',
    },
  },
  {
    name: 'a follow left unanswered that was accepted before it came',
    edits: [
      {
        file: 'instance/federation/in/effects/edges/follow.ts',
        from: "if (edge.state === 'accepted' && isOurs) await accept()",
        to: '',
      },
    ],
    by: {
      file: 'instance/move/arriving/gone.pg.test.ts',
      test: 'so they are if they were still frozen there, and had not gone',
    },
  },
  {
    name: 'a follow of another server answered as often as it comes',
    edits: [
      {
        file: 'instance/federation/in/effects/edges/follow.ts',
        from: "if (edge.state === 'accepted' && isOurs) await accept()",
        to: "if (edge.state === 'accepted') await accept()",
      },
    ],
    by: {
      file: 'test/stories/remote.pg.test.ts',
      test: 'each activity came once, under one id, signed with the one key of hers; none tells of a move or an end',
    },
  },
  {
    name: 'what comes from a third home for somebody who was switched applied before they are active',
    edits: [{ file: 'instance/federation/in/apply/apply.ts', from: 'if (waits) return waits', to: '' }],
    by: {
      file: 'instance/move/switched.pg.test.ts',
      test: 'a post of a member of a third home is there when they are',
    },
  },
]
