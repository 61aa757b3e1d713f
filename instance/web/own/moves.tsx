// What was moved and why, for the people who look after a community: numbers, and nobody's name.
import type { FastifyInstance } from 'fastify'
import {
  type DayOfMoves,
  type Proposed,
  readDaysOfMoves,
  readProposed,
} from '../../directory/moves/rebalances.ts'
import { staysByRole } from '../../directory/wishes/own.ts'
import { refuse } from '../../refusal.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import { Empty } from '../components/bits.tsx'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { homeName, type Shell } from '../http/shell.ts'
import { exactDay } from '../http/times.ts'

const DAYS = 90

export function registerMovesPage(app: FastifyInstance, { instance, shell: shellOf }: Web): void {
  app.get('/settings/moves', async (request, reply) => {
    const shell = await shellOf(request)
    if (!shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    if (!staysByRole(shell.me.role)) return sendRefusal(reply, shell, refuse('forbidden'))
    const read = await Promise.all([
      readDaysOfMoves(instance.directory, DAYS),
      readProposed(instance.directory),
    ]).catch((error: unknown) => {
      if (isDatabaseDown(error)) return undefined
      throw error
    })
    if (!read) return sendRefusal(reply, shell, refuse('wishes-unreachable'))
    const [days, proposed] = read
    return sendPage(
      reply,
      shell,
      { title: 'Who was moved' },
      <Moves shell={shell} days={days} proposed={proposed} />,
    )
  })
}

const WHY: Readonly<Record<string, string>> = {
  Asked: 'The people who run the servers asked for it.',
  Overflow: 'A home had more people than seats.',
  Headroom: 'A home was too full.',
  Draining: 'A home is closed.',
  Wishes: 'People wished to move, or to live together.',
  Unfinished: 'Moves that had been begun before were ended.',
}

const Moves = ({
  shell,
  days,
  proposed,
}: {
  shell: Shell
  days: readonly DayOfMoves[]
  proposed: Proposed | undefined
}) => (
  <>
    <div class="head">
      <h1>Who was moved</h1>
      <p class="soft">
        The last {DAYS} days, in numbers. <a href="/settings/home">Where you live</a>
      </p>
    </div>
    {proposed && <Waiting plan={proposed} />}
    {days.length === 0 && (
      <Empty icon="here" title="Nobody was moved">
        <p>People are moved only when a home gets too full or is closed, or when they wish it.</p>
      </Empty>
    )}
    {days.map((one, i) => (
      <Day key={`${one.day} ${i}`} shell={shell} of={one} />
    ))}
  </>
)

/** It is no news for those who would move: by the time it is approved others may. */
const Waiting = ({ plan: { reason, moves } }: { plan: Proposed }) => (
  <section class="card">
    <h2>A plan waits for approval</h2>
    <p>{WHY[reason] ?? reason}</p>
    <p>
      {moves === undefined ? 'How many people would move is not known yet.' : `${people(moves)} would move.`}{' '}
      Nobody does before the people who run the servers approve it, and they may refuse it.
    </p>
  </section>
)

const Day = ({ shell, of }: { shell: Shell; of: DayOfMoves }) => (
  <section class="card">
    <h2>
      <time dateTime={of.day}>{exactDay(new Date(of.day))}</time>
    </h2>
    {of.reason !== undefined && <p>{WHY[of.reason] ?? of.reason}</p>}
    <ul>
      {of.ways.map(({ source, target, moved }) => (
        <li key={`${source} ${target}`}>
          {people(moved)} moved from {homeName(shell, source)} to {homeName(shell, target)}.
        </li>
      ))}
    </ul>
    {of.undone > 0 && (
      <p>
        {of.undone === 1 ? 'One move was' : `${of.undone} moves were`} given up: nothing changed for{' '}
        {of.undone === 1 ? 'that person' : 'these people'}.
      </p>
    )}
    {of.keptBefore !== undefined && of.keptAfter !== undefined && (
      <p class="soft">
        Of all ties between people of {shell.title}, {of.keptBefore} % were within one home before, and{' '}
        {of.keptAfter} % are as planned.
      </p>
    )}
  </section>
)

const people = (count: number) => (count === 1 ? 'One person' : `${count} people`)
