// Mistakes in how long a move waits for a home that does not do its part.
import type { Mutant } from './list.ts'

const DRIVE = 'operator/rebalance/drive/drive.ts'
const by = (test: string) => ({ file: 'operator/rebalance/drive/unanswered.pg.test.ts', test })

export const UNANSWERED: readonly Mutant[] = [
  {
    name: 'a home that does not answer waited for without an end',
    edits: [{ file: DRIVE, from: '!isBeforeSwitch(move) || !isLong(trouble, now)', to: 'true' }],
    by: by(
      'one that gives no answer is told from one that fails; what tends each home ends its side without a driver',
    ),
  },
  {
    name: 'a wait that each driver begins anew',
    edits: [
      {
        file: 'instance/directory/moves/trouble.ts',
        from: 'another(trouble.safeParse(row.trouble).data, ',
        to: 'another(undefined, ',
      },
    ],
    by: by(
      'one that gives no answer is told from one that fails; what tends each home ends its side without a driver',
    ),
  },
  {
    name: 'a wait that goes on counting at the next step',
    edits: [
      {
        file: 'instance/directory/moves/trouble.ts',
        from: 'before?.step === step ? before : undefined',
        to: 'before',
      },
    ],
    by: by('neither many tries nor a long time alone end the wait, and another step begins it anew'),
  },
  {
    name: 'a home that fails for want of the other one blamed for it',
    edits: [
      { file: 'operator/rebalance/drive/steps.ts', from: '{ ...asked, ...body.details }', to: 'asked' },
    ],
    by: by('a target whose source fails is not the one that is named'),
  },
]
