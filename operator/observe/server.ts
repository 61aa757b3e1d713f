// Which PostgreSQL a community's data is on, and what that server is.
import type { Community } from '../api/objects.ts'
import { readSecret } from '../build/data/secrets.ts'
import type { Config } from '../config.ts'
import type { DatabaseState, Refusal, ServerFacts } from '../decide/snapshot.ts'
import { resources } from '../kube/resources.ts'
import type { Kube } from '../kube/types.ts'
import type { Prepared } from '../postgres/prepared.ts'
import type { Credentials } from '../postgres/server/credentials.ts'
import { readCredentials } from '../postgres/server/credentials.ts'
import { explain } from '../postgres/server/errors.ts'
import { capacity, systemIdentifier } from '../postgres/server/probe.ts'
import { type Server, type Session, withSession } from '../postgres/server/session.ts'

export type ServerDeps = {
  readonly kube: Pick<Kube, 'get'>
  readonly config: Pick<Config, 'namespace' | 'postgres'>
  readonly openServer: (credentials: Credentials) => Server
  readonly prepared: Prepared
}

type Found =
  | { readonly ok: true; readonly server: Server }
  | { readonly ok: false; readonly refusal: Refusal }

/** Reads the Secret with the credentials: the operator's own for Shared, the community's for External. */
async function findServer(
  { metadata, spec }: Community,
  { kube, config, openServer }: ServerDeps,
): Promise<Found> {
  const { mode, secretName = '' } = spec.database
  const shared = mode === 'Shared'
  if (shared && !config.postgres)
    return {
      ok: false,
      refusal: {
        reason: 'DatabaseRefused',
        message:
          'spec.database.mode is Shared, but the operator was installed without PostgreSQL: set the chart value postgres.enabled or postgres.external.host, or choose mode External',
      },
    }
  const namespace = shared ? config.namespace : metadata.namespace
  const name = shared ? (config.postgres?.secret ?? '') : secretName
  const data = readSecret(await kube.get(resources.secret, { namespace, name }))
  if (!data)
    return {
      ok: false,
      refusal: {
        reason: 'DatabaseSecretMissing',
        message: shared
          ? `there is no Secret ${name} in the namespace ${namespace}: create it with username and password, as the chart's value postgres.existingSecret says`
          : `spec.database.secretName: there is no Secret ${name} in the namespace ${namespace}: create it with host, port, username and password, or correct the name`,
      },
    }
  const read = readCredentials(
    name,
    shared && config.postgres
      ? { ...data, host: config.postgres.host, port: String(config.postgres.port) }
      : data,
  )
  if (!read.ok) return { ok: false, refusal: { reason: read.problem.code, message: read.problem.message } }
  return { ok: true, server: openServer(read.credentials) }
}

/** The server for Shared databases; undefined when there is none, or nobody has told its credentials yet. */
export async function findShared({ kube, config, openServer }: ServerDeps): Promise<Server | undefined> {
  if (!config.postgres) return undefined
  const { host, port, secret } = config.postgres
  const data = readSecret(await kube.get(resources.secret, { namespace: config.namespace, name: secret }))
  const read = data && readCredentials(secret, { ...data, host, port: String(port) })
  return read?.ok ? openServer(read.credentials) : undefined
}

export type SeenServer<Facts> = {
  readonly facts: ServerFacts
  readonly server: Server | undefined
  readonly database: DatabaseState<Facts>
}

/**
 * Finds the server and looks into it with one session; `look` reads what the caller wants to know of one database. What
 * PostgreSQL refuses becomes data, so that the rest of the community is still looked after.
 */
export async function observeServer<Facts>(
  community: Community,
  deps: ServerDeps,
  look: (server: Server, session: Session) => Promise<DatabaseState<Facts>>,
): Promise<SeenServer<Facts>> {
  const found = await findServer(community, deps)
  if (!found.ok)
    return {
      facts: { ok: false, endpoint: undefined, refusal: found.refusal },
      server: undefined,
      database: { state: 'unknown', refusal: found.refusal },
    }
  const { server } = found
  const { host, port, sslmode, ca } = server.credentials
  const endpoint = { host, port, sslmode, ca }
  try {
    return await withSession(server, undefined, async (session) => {
      const id = await systemIdentifier(session)
      await deps.prepared.server(server, id, session)
      const { carries, placed } = await capacity(session)
      const database = await look(server, session)
      return { facts: { ok: true, endpoint, systemIdentifier: id, carries, placed }, server, database }
    })
  } catch (error) {
    const refusal = explain(error, server.credentials)
    if (!refusal) throw error
    return {
      facts: { ok: false, endpoint, refusal },
      server: undefined,
      database: { state: 'unknown', refusal },
    }
  }
}
