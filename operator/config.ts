// The operator's configuration: environment, checked once at start with every problem named.
import { z } from 'zod'

export type Config = {
  /** Where the operator runs: its Lease, claims and Secrets. */
  readonly namespace: string
  /** Namespaces in which Communities are looked for; undefined: all. */
  readonly watch: readonly string[] | undefined
  /** The pod's name and address: who leads, and where the leader serves. */
  readonly pod: string
  readonly address: string
  readonly port: number
  readonly logLevel: string
  readonly image: string
  readonly pullPolicy: string
  readonly wakeUrl: string
  readonly postgres:
    | {
        /** bundled: its Secret is made by the operator. */
        readonly mode: 'bundled' | 'external'
        readonly host: string
        readonly port: number
        readonly secret: string
      }
    | undefined
  readonly caSecret: string | undefined
  /** Communities whose pods may be replaced at the same time. */
  readonly rollouts: number
  readonly ingressClass: string
  readonly egressAllow: readonly string[]
  readonly egressHosts: string
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const needed = (what: string) => z.string({ error: `is missing: set it to ${what}` })
const port = (fallback: number) =>
  z.coerce.number({ error: 'must be a port from 1 to 65535' }).int().min(0).max(65535).default(fallback)

const environment = z.object({
  HAMLET_NAMESPACE: needed("the operator's own namespace"),
  HAMLET_POD: z.string().default('hamlet-operator'),
  HAMLET_POD_IP: z.string().default('127.0.0.1'),
  HAMLET_PORT: port(8080),
  HAMLET_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace and silent',
    })
    .default('info'),
  HAMLET_WATCH_NAMESPACES: z.string().default(''),
  HAMLET_INSTANCE_IMAGE: needed('the image that instances run'),
  HAMLET_INSTANCE_IMAGE_PULL_POLICY: z
    .enum(['Always', 'IfNotPresent', 'Never'], { error: 'must be Always, IfNotPresent or Never' })
    .default('IfNotPresent'),
  HAMLET_WAKE_URL: z.url({ protocol: /^http$/, error: 'must be an http URL' }).optional(),
  HAMLET_POSTGRES_MODE: z
    .enum(['bundled', 'external'], { error: 'must be bundled or external' })
    .default('bundled'),
  HAMLET_POSTGRES_HOST: z.string().optional(),
  HAMLET_POSTGRES_PORT: port(5432),
  HAMLET_POSTGRES_SECRET: z.string().default('hamlet-postgres'),
  HAMLET_CA_SECRET: z.string().optional(),
  HAMLET_ROLLOUTS: z.coerce
    .number({ error: 'must be a whole number from 1' })
    .int({ error: 'must be a whole number from 1' })
    .min(1, { error: 'must be a whole number from 1' })
    .default(1),
  HAMLET_INGRESS_CLASS: z.string().default(''),
  HAMLET_EGRESS_ALLOW: z.string().default(''),
  HAMLET_EGRESS_HOSTS: z.string().default(''),
})

/** Throws one Error that names every problem. Empty variables count as absent. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `- ${String(issue.path[0])} ${issue.message}`)
    throw new Error(`The configuration is wrong:\n${problems.join('\n')}`)
  }
  const values = parsed.data
  const watch = list(values.HAMLET_WATCH_NAMESPACES)
  return {
    namespace: values.HAMLET_NAMESPACE,
    watch: watch.includes('*') ? undefined : watch.length > 0 ? watch : [values.HAMLET_NAMESPACE],
    pod: values.HAMLET_POD,
    address: values.HAMLET_POD_IP,
    port: values.HAMLET_PORT,
    logLevel: values.HAMLET_LOG_LEVEL,
    image: values.HAMLET_INSTANCE_IMAGE,
    pullPolicy: values.HAMLET_INSTANCE_IMAGE_PULL_POLICY,
    wakeUrl: (values.HAMLET_WAKE_URL ?? '').replace(/\/+$/, ''),
    postgres: values.HAMLET_POSTGRES_HOST
      ? {
          mode: values.HAMLET_POSTGRES_MODE,
          host: values.HAMLET_POSTGRES_HOST,
          port: values.HAMLET_POSTGRES_PORT,
          secret: values.HAMLET_POSTGRES_SECRET,
        }
      : undefined,
    caSecret: values.HAMLET_CA_SECRET,
    rollouts: values.HAMLET_ROLLOUTS,
    ingressClass: values.HAMLET_INGRESS_CLASS,
    egressAllow: list(values.HAMLET_EGRESS_ALLOW),
    egressHosts: values.HAMLET_EGRESS_HOSTS,
  }
}
