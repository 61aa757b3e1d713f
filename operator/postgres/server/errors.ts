// What PostgreSQL or the way to it refused, as a reason and a message with the remedy.
import { NETWORK } from '../../../instance/store/failures.ts'
import type { Credentials } from './credentials.ts'

export type DatabaseReason =
  | 'DatabaseUnreachable'
  | 'DatabaseRefused'
  | 'DatabaseFull'
  | 'DataMissing'
  | 'DirectoryRegressed'
  | 'MembersMissing'
  | 'PoolerFound'
  | 'MigrationFailed'
  | 'Occupied'
export type DatabaseRefusal = { readonly reason: DatabaseReason; readonly message: string }

/** Thrown inside operator/postgres for a refusal that we found ourselves. */
export class Refused extends Error {
  readonly refusal: DatabaseRefusal
  constructor(refusal: DatabaseRefusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

export function sqlState(error: unknown): string {
  if (!(error instanceof Error)) return ''
  // Node tries every address of a name and gathers what went wrong.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const code: unknown = first instanceof Error && 'code' in first ? first.code : undefined
  return typeof code === 'string' ? code : ''
}

/** The reason for a condition; undefined for what is no doing of PostgreSQL's. */
export function explain(
  error: unknown,
  { host, port, username }: Pick<Credentials, 'host' | 'port' | 'username'>,
): DatabaseRefusal | undefined {
  if (error instanceof Refused) return error.refusal
  if (!(error instanceof Error)) return undefined
  const code = sqlState(error)
  const at = `PostgreSQL at ${host}:${port}`
  const said = error.message || code
  if (NETWORK.has(code) || /timeout expired|Connection terminated|connection timeout/i.test(error.message))
    return {
      reason: 'DatabaseUnreachable',
      message: `${at} does not answer (${said}): check that it runs and that the host and port are right`,
    }
  if (['57P01', '57P02', '57P03', '08006', '08001', '08003'].includes(code))
    return {
      reason: 'DatabaseUnreachable',
      message: `${at} is starting or stopping (${said}); tried again soon`,
    }
  if (code === '53300')
    return {
      reason: 'DatabaseFull',
      message: `${at} has no free connection (${said}): raise its max_connections`,
    }
  if (code.startsWith('28'))
    return {
      reason: 'DatabaseRefused',
      message: `${at} refuses the role ${username} (${said}): check username and password`,
    }
  if (code === '42501')
    return {
      reason: 'DatabaseRefused',
      message: `${at} refuses ${username} (${said}): the role needs CREATEDB and CREATEROLE, and roles named hamlet_… must have been made by it`,
    }
  if (/^[0-9A-Z]{5}$/.test(code)) return { reason: 'DatabaseRefused', message: `${at}: ${said} (${code})` }
  if (/certificate|SSL|TLS/.test(said))
    return { reason: 'DatabaseRefused', message: `${at}: ${said}: check sslmode and ca.crt` }
  return undefined
}
