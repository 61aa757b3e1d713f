import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { connect, inCluster } from './connection.ts'

const folders: string[] = []
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'hamlet-'))
  folders.push(made)
  return made
}
afterEach(() => {
  for (const one of folders.splice(0)) rmSync(one, { recursive: true })
})

const kubeconfig = (user: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server: 'https://127.0.0.1:6443/', 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u' } },
      { name: 'two', context: { cluster: 'c', user: 'u', namespace: 'hamlet' } },
    ],
    'current-context': 'one',
  })

test('in a pod the token is read anew each time, since it is replaced every hour', async () => {
  const path = folder()
  for (const [name, text] of [
    ['namespace', 'hamlet\n'],
    ['token', 'first\n'],
    ['ca.crt', 'CA'],
  ] as const) {
    writeFileSync(join(path, name), text)
  }
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const connection = await inCluster(env, path)
  expect(connection).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'hamlet' })
  expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer first' })
  writeFileSync(join(path, 'token'), 'second\n')
  expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer second' })
})

test('a kubeconfig gives the server, the context its namespace, the user a token or certificate', async () => {
  const path = join(folder(), 'kubeconfig')
  writeFileSync(path, kubeconfig({ token: 'secret' }))
  const first = await connect({ kubeconfig: path })
  expect(first).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'default' })
  const { headers, tls } = await first.credentials()
  expect(headers).toEqual({ authorization: 'Bearer secret' })
  expect(tls).toEqual({ rejectUnauthorized: false })
  expect((await connect({ kubeconfig: path, context: 'two' })).namespace).toBe('hamlet')
  const data = Buffer.from('PEM').toString('base64')
  writeFileSync(path, kubeconfig({ 'client-certificate-data': data, 'client-key-data': data }))
  expect(String((await (await connect({ kubeconfig: path })).credentials()).tls.cert)).toBe('PEM')
})

test('a kubeconfig without the context says so', async () => {
  const path = join(folder(), 'kubeconfig')
  writeFileSync(path, kubeconfig({}))
  await expect(connect({ kubeconfig: path, context: 'three' })).rejects.toThrow('that has the context three')
})
