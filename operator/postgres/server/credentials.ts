// Who the operator is to a PostgreSQL server, read from a Secret.
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { z } from 'zod'

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const

export type Credentials = {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string
  /** Where the operator connects to make databases; `postgres` unless told. */
  readonly database: string
  readonly sslmode?: (typeof SSL_MODES)[number] | undefined
  /** PEM of the CA that signed the server's certificate. */
  readonly ca?: string | undefined
}

export type CredentialsProblem = { readonly code: 'DatabaseSecretInvalid'; readonly message: string }
export type CredentialsResult =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly problem: CredentialsProblem }

/** A name or an address: anything else would end up as another part of the URLs that instances are given. */
const isHost = (text: string): boolean =>
  (isIP(text) !== 0 && !text.includes('%')) ||
  /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text)

function isCa(pem: string): boolean {
  try {
    createSecureContext({ ca: pem })
    return /-----BEGIN [A-Z ]*CERTIFICATE-----/.test(pem)
  } catch {
    return false
  }
}

const parts = z.object({
  host: z
    .string()
    // As it stands in a URL.
    .transform((text) => text.replace(/^\[(.*)\]$/, '$1'))
    .refine(isHost),
  port: z.coerce.number().int().min(1).max(65535).default(5432),
  username: z.string().min(1),
  password: z.string().min(1),
  database: z.string().min(1).default('postgres'),
  sslmode: z.enum(SSL_MODES).optional(),
  'ca.crt': z.string().refine(isCa).optional(),
})

/**
 * Reads the keys `host`, `port`, `username`, `password`, `database`, `sslmode`, `ca.crt`, or `url` instead of the first
 * five. `name` is the Secret's, for messages.
 */
export function readCredentials(name: string, data: Readonly<Record<string, string>>): CredentialsResult {
  const invalid = (message: string): CredentialsResult => ({
    ok: false,
    problem: { code: 'DatabaseSecretInvalid', message: `Secret ${name}: ${message}` },
  })
  const trimmed = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.trim()]))
  const { 'ca.crt': _, ...own } = trimmed
  const ca = data['ca.crt'] ? { 'ca.crt': data['ca.crt'] } : {}
  let fields: Record<string, unknown> = { ...own, ...ca }
  if (trimmed.url) {
    const url = URL.parse(trimmed.url)
    if (!url || !/^postgres(ql)?:$/.test(url.protocol))
      return invalid('key url must look like postgres://user:password@host:5432/postgres')
    const texts = [url.hostname, url.username, url.password, url.pathname.slice(1)].map(decoded)
    const [host, username, password, database] = texts
    if (texts.includes(undefined))
      return invalid('key url has a % that begins no escape: write a % itself as %25')
    fields = {
      host,
      port: url.port || undefined,
      username,
      password,
      database: database || undefined,
      sslmode: url.searchParams.get('sslmode') ?? trimmed.sslmode,
      ...ca,
    }
  }
  const result = parts.safeParse(fields)
  if (result.success) {
    const { 'ca.crt': pem, ...credentials } = result.data
    return { ok: true, credentials: { ...credentials, ...(pem && { ca: pem }) } }
  }
  const wrong = [...new Set(result.error.issues.map(({ path }) => String(path[0])))]
  return invalid(
    `${wrong.length > 1 ? 'keys' : 'key'} ${wrong.join(', ')} missing or wrong: set host, port, username, password (or url) of a role with CREATEDB and CREATEROLE; host is a name or an address and nothing more; sslmode is one of ${SSL_MODES.join(', ')}; ca.crt is PEM`,
  )
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
