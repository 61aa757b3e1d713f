// Who the operator is to a PostgreSQL server, read from a Secret.
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

const parts = z.object({
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65535).default(5432),
  username: z.string().min(1),
  password: z.string().min(1),
  database: z.string().min(1).default('postgres'),
  sslmode: z.enum(SSL_MODES).optional(),
  ca: z.string().min(1).optional(),
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
  const ca = data['ca.crt'] ? { ca: data['ca.crt'] } : {}
  let fields: Record<string, unknown> = { ...trimmed, ...ca }
  if (trimmed.url) {
    const url = URL.parse(trimmed.url)
    if (!url || !/^postgres(ql)?:$/.test(url.protocol))
      return invalid('key url must look like postgres://user:password@host:5432/postgres')
    fields = {
      host: decodeURIComponent(url.hostname),
      port: url.port || undefined,
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)) || undefined,
      sslmode: url.searchParams.get('sslmode') ?? trimmed.sslmode,
      ...ca,
    }
  }
  const result = parts.safeParse(fields)
  if (result.success) return { ok: true, credentials: result.data }
  const wrong = [...new Set(result.error.issues.map(({ path }) => String(path[0])))]
  return invalid(
    `${wrong.length > 1 ? 'keys' : 'key'} ${wrong.join(', ')} missing or wrong: set host, port, username, password (or url) of a role with CREATEDB and CREATEROLE; sslmode is one of ${SSL_MODES.join(', ')}`,
  )
}
