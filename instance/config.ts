// An instance's configuration: environment and Secret files, checked once at start with every problem named.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

export type Config = {
  readonly domain: string
  readonly ordinal: number
  /** `https://<domain>`: every public URL starts with it. */
  readonly origin: string
  readonly databaseUrl: string
  readonly directoryUrl: string
  /** The community's internal keys, one a line: the first is sent to siblings, all are accepted. */
  readonly internalKeyFile: string
  readonly publicPort: number
  readonly internalPort: number
  readonly egress: {
    /** Private networks that requests may go to. */
    readonly allow: readonly string[]
    /** Name, or `*.suffix`, to address: looked at before any resolver is asked. */
    readonly hosts: ReadonlyMap<string, string>
  }
  /** Where the operator is told that seats get few. */
  readonly wakeUrl: string | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

const list = z
  .string()
  .optional()
  .transform((text) =>
    (text ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const port = (fallback: number) => z.coerce.number().int().min(0).max(65535).default(fallback)

const environment = z.object({
  HAMLET_DOMAIN: z
    .string({ error: 'is missing: set it to the domain of the community' })
    .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, {
      error: 'must be a domain in lower case, such as garden.example',
    }),
  HAMLET_ORDINAL: z.coerce
    .number({ error: 'is missing: set it to the number of this instance' })
    .int()
    .min(1, { error: 'must be a number from 1 to 1023' })
    .max(1023, { error: 'must be a number from 1 to 1023' }),
  HAMLET_SECRETS: z.string().default('/run/hamlet'),
  HAMLET_EGRESS_ALLOW: list.refine((items) => items.every((item) => ipaddr.isValidCIDR(item)), {
    error: 'must be networks such as 10.96.0.0/12, separated by commas',
  }),
  HAMLET_EGRESS_HOSTS: list
    .transform((items) => items.map((item) => item.split('=') as [string, ...string[]]))
    .refine(
      (entries) =>
        entries.every(([name, ...rest]) => name !== '' && rest.length === 1 && ipaddr.isValid(rest[0] ?? '')),
      { error: 'must be entries such as *.localhost=10.96.0.20, separated by commas' },
    )
    .transform((entries) => new Map(entries.map(([name, address]) => [name, address ?? '']))),
  HAMLET_WAKE_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  HAMLET_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be one of debug, info, warn, error and silent',
    })
    .default('info'),
  HAMLET_PUBLIC_PORT: port(8080),
  HAMLET_INTERNAL_PORT: port(8081),
})

/** Every problem of the configuration in one message, each with the name of what is wrong. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `- ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type ReadText = (path: string) => string

/**
 * Reads and checks `HAMLET_*` and the Secret files `database-url`, `directory-url` and `internal-key`.
 * Throws ConfigError with every problem at once. Empty variables count as absent.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText = (path) => readFileSync(path, 'utf8'),
): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`))
  }
  const values = parsed.data
  const problems: string[] = []
  const path = (name: string) => join(values.HAMLET_SECRETS, name)
  const secret = (name: string, check: (text: string) => string | undefined): string => {
    let text = ''
    try {
      text = readText(path(name)).trim()
    } catch {
      problems.push(`${path(name)} cannot be read: mount the instance's Secret there, or set HAMLET_SECRETS`)
      return ''
    }
    const problem = check(text)
    if (problem) problems.push(`${path(name)} ${problem}`)
    return text
  }
  const isUrl = (text: string) =>
    /^postgres(ql)?:\/\/./.test(text) && URL.canParse(text)
      ? undefined
      : 'must hold a connection string such as postgres://user:password@host/database'
  const databaseUrl = secret('database-url', isUrl)
  const directoryUrl = secret('directory-url', isUrl)
  const isKey = (text: string) =>
    text.length >= 16 ? undefined : 'must hold a key of at least 16 characters'
  secret('internal-key', isKey)
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    domain: values.HAMLET_DOMAIN,
    ordinal: values.HAMLET_ORDINAL,
    origin: `https://${values.HAMLET_DOMAIN}`,
    databaseUrl,
    directoryUrl,
    internalKeyFile: path('internal-key'),
    publicPort: values.HAMLET_PUBLIC_PORT,
    internalPort: values.HAMLET_INTERNAL_PORT,
    egress: { allow: values.HAMLET_EGRESS_ALLOW, hosts: values.HAMLET_EGRESS_HOSTS },
    wakeUrl: values.HAMLET_WAKE_URL,
    logLevel: values.HAMLET_LOG_LEVEL,
  }
}
