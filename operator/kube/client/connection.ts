// Where the API server is and how to prove who we are: in a pod, or by a kubeconfig.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** What changes over time: tokens rotate every hour, certificates now and then. */
export type Credentials = {
  headers: Record<string, string>
  tls: {
    ca?: string | Buffer
    cert?: string | Buffer
    key?: string | Buffer
    rejectUnauthorized?: boolean
    servername?: string
  }
}

export type Connection = {
  /** Such as https://10.96.0.1:443; may have a path. */
  server: string
  /** The pod's namespace, or that of the kubeconfig's context. */
  namespace: string
  /** Reads the credentials anew. The client asks once a minute and after a 401. */
  credentials(): Promise<Credentials>
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The kubeconfig at `kubeconfig` or in KUBECONFIG, else the pod's service account, else ~/.kube/config. Throws when there
 * is none of them: guessing localhost:8080, as others do, hides the mistake.
 */
export async function connect(
  options: { kubeconfig?: string; context?: string } = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Connection> {
  const file = options.kubeconfig ?? env.KUBECONFIG
  if (!file && env.KUBERNETES_SERVICE_HOST && existsSync(`${SERVICE_ACCOUNT}/token`)) {
    return inCluster(env)
  }
  return byKubeconfig(file, options.context)
}

/**
 * Not by client-node: loading it takes 85 MB and more than a second, since it loads a model of every kind there is,
 * and all that a pod needs is three files.
 */
export async function inCluster(env: NodeJS.ProcessEnv, folder = SERVICE_ACCOUNT): Promise<Connection> {
  const host = env.KUBERNETES_SERVICE_HOST ?? ''
  const port = env.KUBERNETES_SERVICE_PORT ?? '443'
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: (await readFile(`${folder}/namespace`, 'utf8')).trim(),
    async credentials() {
      const [token, ca] = await Promise.all([
        readFile(`${folder}/token`, 'utf8'),
        readFile(`${folder}/ca.crt`, 'utf8'),
      ])
      return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } }
    },
  }
}

/** client-node knows every way of logging in that a kubeconfig can name (exec plugins, OIDC, token files …). */
async function byKubeconfig(file: string | undefined, context: string | undefined): Promise<Connection> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (file && !file.includes(':')) config.loadFromFile(file)
  else config.loadFromDefault(undefined, true)
  if (context) config.setCurrentContext(context)
  const cluster = config.getCurrentCluster()
  if (!cluster || (!file && cluster.name === 'cluster' && cluster.server === 'http://localhost:8080')) {
    throw new Error(
      `No cluster: set KUBECONFIG to a kubeconfig file${context ? ` that has the context ${context}` : ' with a current context'}`,
    )
  }
  if (cluster.proxyUrl) {
    throw new Error(`The cluster ${cluster.name} has a proxy-url, which is not supported: reach it directly`)
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async credentials() {
      const options: Parameters<typeof config.applyToHTTPSOptions>[0] = { headers: {} }
      await config.applyToHTTPSOptions(options)
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(options.headers ?? {})) {
        if (typeof value === 'string') headers[name.toLowerCase()] = value
      }
      if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
      const { ca, cert, key, rejectUnauthorized, servername } = options
      return {
        headers,
        tls: {
          ...pem('ca', ca),
          ...pem('cert', cert),
          ...pem('key', key),
          ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
          ...(servername !== undefined && { servername }),
        },
      }
    },
  }
}

const pem = (name: 'ca' | 'cert' | 'key', value: unknown) =>
  typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {}
