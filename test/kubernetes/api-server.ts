// etcd and kube-apiserver alone, on loopback: real answers, and no controller or node that would change anything by itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../../operator/kube/client/connection.ts'
import { createKube } from '../../operator/kube/client/rest.ts'
import { createTransport, type TransportDeps } from '../../operator/kube/client/transport.ts'
import type { KubeClient } from '../../operator/kube/types.ts'
import { definitions } from '../../operator/testing/definitions.ts'
import { buildProgram } from '../cluster/build/go-build.ts'

export type ApiServer = {
  readonly connection: Connection
  readonly kube: KubeClient
  /** A kubeconfig for what reads one itself. */
  readonly kubeconfig: string
  stop(): Promise<void>
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  // All are open at the same time, so all are different.
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** With our kinds in it. The first time the program is built, which takes minutes; later it is there at once. */
export async function startApiServer(deps: TransportDeps): Promise<ApiServer> {
  const program = await buildProgram('kube')
  const home = await mkdtemp(join(tmpdir(), 'hamlet-api-'))
  const [client = 0, peer = 0, secure = 0] = await freePorts(3)
  const token = 'loopback'
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyFile = join(home, 'accounts.key')
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(join(home, 'tokens.csv'), `${token},tests,tests,system:masters\n`)
  const children: ChildProcess[] = []
  let log = ''
  const start = (...args: string[]) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: home })
    child.stderr.on('data', (bytes) => {
      log = (log + bytes).slice(-4000)
    })
    children.push(child)
  }
  const etcd = `http://127.0.0.1:${client}`
  const peers = `http://127.0.0.1:${peer}`
  start(
    'etcd',
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  )
  start(
    'kube-apiserver',
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${secure}`,
    '--cert-dir=certificates',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${keyFile}`,
    `--service-account-signing-key-file=${keyFile}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    // Nothing here makes the accounts that pods would have.
    '--disable-admission-plugins=ServiceAccount',
  )
  const server = `https://127.0.0.1:${secure}`
  const connection: Connection = {
    server,
    namespace: 'default',
    // It made its certificate itself, and listens on loopback only.
    credentials: async () => ({
      headers: { authorization: `Bearer ${token}` },
      tls: { rejectUnauthorized: false },
    }),
  }
  const kubeconfig = join(home, 'kubeconfig')
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'loopback', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'tests', user: { token } }],
      contexts: [{ name: 'loopback', context: { cluster: 'loopback', user: 'tests' } }],
      'current-context': 'loopback',
    }),
  )
  const transport = createTransport(connection, deps)
  const stop = async () => {
    await transport.close()
    const gone = children.map(
      (child) =>
        new Promise((resolve) => {
          if (child.exitCode !== null) resolve(undefined)
          child.once('exit', resolve)
          child.kill('SIGKILL')
        }),
    )
    await Promise.all(gone)
    await rm(home, { recursive: true, force: true })
  }
  const kube = createKube(transport)
  for (let tries = 0; ; tries++) {
    try {
      await definitions(kube)
      return { connection, kube, kubeconfig, stop }
    } catch (error) {
      if (tries > 240 || children.some((child) => child.exitCode !== null)) {
        await stop()
        throw new Error(`the API server did not start:\n${log}`, { cause: error })
      }
      await new Promise((wake) => setTimeout(wake, 250))
    }
  }
}
