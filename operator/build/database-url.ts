// The URL with which an instance opens a database as its own role.

/** Where a PostgreSQL server is, and how its certificate is checked. */
export type Endpoint = {
  readonly host: string
  readonly port: number
  readonly sslmode?: string | undefined
  /** PEM of the CA that signed the server's certificate. */
  readonly ca?: string | undefined
}

/** The key of the Secret, and so the file in the pod, with the CA of PostgreSQL. */
export const POSTGRES_CA = 'postgres-ca.crt'

export function databaseUrl({ host, port, sslmode, ca }: Endpoint, name: string, password: string): string {
  const url = new URL(`postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${name}`)
  url.username = name
  // The setter leaves a % as it is.
  url.password = encodeURIComponent(password)
  if (sslmode && sslmode !== 'disable') {
    // Gives sslmode the meaning that it has for libpq, here as in the operator.
    url.searchParams.set('uselibpqcompat', 'true')
    url.searchParams.set('sslmode', sslmode)
    if (ca) url.searchParams.set('sslrootcert', `/run/hamlet/${POSTGRES_CA}`)
  }
  return url.href
}

/** The password in a URL made by `databaseUrl`; undefined if there is none, or none that can be read. */
export function passwordOf(url: string | undefined): string | undefined {
  const password = url && URL.parse(url.trim())?.password
  try {
    return password ? decodeURIComponent(password) : undefined
  } catch {
    // Changed by hand: a new one is given, as for a Secret that was lost.
    return undefined
  }
}
