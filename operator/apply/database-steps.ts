// The steps that go to PostgreSQL.
import { emptyDatabase } from '../build/lost.ts'
import type { DatabaseStep, DirectoryChange, Step } from '../decide/decision.ts'
import type { ActorKeys } from '../postgres/directory/keys.ts'
import {
  activateInstance,
  addActorKeys,
  addInstance,
  drainInstance,
  identifyDirectory,
  inviteOrganiser,
  reopenInstance,
  retireInstance,
  setInstance,
  writeSettings,
} from '../postgres/directory/write.ts'
import { identifyHome, setCap } from '../postgres/home.ts'
import { databasesOf, dropDatabase, ensureDatabase } from '../postgres/make/database.ts'
import { isIdentified } from '../postgres/make/identified.ts'
import { migrate } from '../postgres/make/migrate.ts'
import { retireDatabase } from '../postgres/make/retire.ts'
import type { Prepared } from '../postgres/prepared.ts'
import { Refused } from '../postgres/server/errors.ts'
import { type Server, type Session, withSession } from '../postgres/server/session.ts'
import { giveUpMissing } from '../rebuild/lost/give-up.ts'
import { rebuildDirectory } from '../rebuild/perform.ts'

export type DatabaseDeps = {
  readonly server: Server
  readonly prepared: Prepared
  readonly keys: { take(): Promise<ActorKeys> }
}

type Of<Do extends Step['do']> = Extract<Step, { do: Do }>
export type PostgresStep = Of<
  | 'makeDatabase'
  | 'changeDirectory'
  | 'rebuildDirectory'
  | 'giveUpMissing'
  | 'identifyHome'
  | 'setCap'
  | 'dropDatabases'
  | 'retireDatabase'
>

export async function performOnDatabase(step: PostgresStep, deps: DatabaseDeps): Promise<void> {
  const { server } = deps
  switch (step.do) {
    case 'makeDatabase':
      return makeDatabase(step.database, deps)
    case 'changeDirectory':
      return withSession(server, step.name, async (session) => {
        for (const change of step.changes) await changeDirectory(session, change, deps)
      })
    case 'identifyHome':
      return withSession(server, step.name, (session) => identifyHome(session, step.identity, step))
    case 'rebuildDirectory':
      return rebuildDirectory(server, step.order)
    case 'giveUpMissing':
      return giveUpMissing(server, step)
    case 'setCap':
      return withSession(server, step.name, (session) => setCap(session, step.cap))
    case 'retireDatabase':
      return retireDatabase(server, step)
    case 'dropDatabases': {
      const names = await withSession(server, undefined, (session) => databasesOf(session, step.prefix))
      for (const name of names) await dropDatabase(server, name)
    }
  }
}

async function makeDatabase(step: DatabaseStep, { server, prepared }: DatabaseDeps): Promise<void> {
  const template = await prepared.template(server, step.kind)
  await ensureDatabase(server, { ...step, template })
  // A clone is of this version already; one that was there before may not be.
  if (step.existed)
    await withSession(server, step.name, async (session) => {
      // Put in the place of the one that was looked at, perhaps.
      if (!(await isIdentified(session, step.kind)))
        throw new Refused({ reason: 'DataMissing', message: emptyDatabase(step.name) })
      await migrate(session, step.kind, prepared.migrations[step.kind])
    })
}

async function changeDirectory(
  session: Session,
  change: DirectoryChange,
  { keys }: DatabaseDeps,
): Promise<void> {
  switch (change.change) {
    case 'identify':
      return identifyDirectory(session, change, change.existed)
    case 'keys':
      return addActorKeys(session, await keys.take())
    case 'settings':
      return writeSettings(session, change.settings)
    case 'addInstance':
      return addInstance(session, change)
    case 'setInstance':
      return setInstance(session, change)
    case 'activate':
      return activateInstance(session, change.ordinal)
    case 'reopen':
      return reopenInstance(session, change.ordinal)
    case 'drain':
      return drainInstance(session, change)
    case 'retire':
      return retireInstance(session, change.ordinal)
    case 'inviteOrganiser':
      return inviteOrganiser(session, change.hash)
  }
}
