// What is done once per server and operator, not once per community: checks, groups, templates.
import type { Migration, MigrationKind } from '../../instance/store/migrations.ts'
import { ensureGroups } from './make/groups.ts'
import { ensureTemplate } from './make/template.ts'
import { refusePooler } from './server/probe.ts'
import type { Server, Session } from './server/session.ts'

export type Prepared = {
  /** Refuses a pooler and makes the groups, the first time that this server is seen. */
  server(server: Server, systemIdentifier: string, session: Session): Promise<void>
  /** The name of the template; it is made if it is not there. */
  template(server: Server, kind: MigrationKind): Promise<string>
  readonly migrations: Readonly<Record<MigrationKind, readonly Migration[]>>
}

const keyOf = ({ credentials: { host, port, username } }: Server): string => `${username}@${host}:${port}`

/** What failed is tried again at the next call. */
export function prepare(migrations: Readonly<Record<MigrationKind, readonly Migration[]>>): Prepared {
  const servers = new Map<string, { id: string; done: Promise<void> }>()
  const templates = new Map<string, Promise<string>>()

  const template = (server: Server, kind: MigrationKind): Promise<string> => {
    const key = `${kind} ${keyOf(server)} ${servers.get(keyOf(server))?.id ?? ''}`
    const known = templates.get(key) ?? ensureTemplate(server, kind, migrations[kind])
    templates.set(key, known)
    known.catch(() => templates.delete(key))
    return known
  }

  return {
    migrations,
    template,
    server(server, id, session) {
      const key = keyOf(server)
      const known = servers.get(key)
      // Another PostgreSQL behind the same name has none of it.
      if (known?.id === id) return known.done
      const done = refusePooler(server).then(() => ensureGroups(session))
      servers.set(key, { id, done })
      done.catch(() => {
        if (servers.get(key)?.done === done) servers.delete(key)
      })
      return done
    },
  }
}
