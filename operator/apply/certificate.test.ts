import { generateKeyPairSync } from 'node:crypto'
import { createServer, connect as tlsConnect } from 'node:tls'
import selfsigned from 'selfsigned'
import { expect, test } from 'vitest'
import { readLeaf } from '../observe/certificate.ts'
import { issueCertificate } from './certificate.ts'

const makeCa = async (keyType: 'rsa' | 'ec') => {
  const made = await selfsigned.generate([{ name: 'commonName', value: 'Test CA' }], {
    keyType,
    keySize: 2048,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  return { certificate: made.cert, key: made.private }
}

test.each(['rsa', 'ec'] as const)('Node takes a certificate from an %s CA for its domain', async (kind) => {
  const ca = await makeCa(kind)
  const domain = 'garden.localhost'
  const files = await issueCertificate(ca, domain, Date.now())
  const server = createServer({ cert: files['tls.crt'], key: files['tls.key'] }, (socket) =>
    socket.end('hello'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const said = await new Promise<string>((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, servername: domain, ca: ca.certificate })
    socket.on('data', (bytes) => resolve(bytes.toString()))
    socket.on('error', reject)
  })
  server.close()
  expect(said).toBe('hello')
  expect(readLeaf(files['tls.crt'], ca.certificate)).toMatchObject({ domains: [domain], byOurCa: true })
  expect(readLeaf(files['tls.crt'], (await makeCa(kind)).certificate)).toMatchObject({ byOurCa: false })
})

test('a certificate does not outlive its CA', async () => {
  const ca = await makeCa('ec')
  const leaf = readLeaf((await issueCertificate(ca, 'a.example', Date.now()))['tls.crt'], ca.certificate)
  const issuer = readLeaf(ca.certificate, ca.certificate)
  expect(leaf?.notAfter).toBeLessThanOrEqual(issuer?.notAfter ?? 0)
})

test('a key that cannot sign is named; what is no certificate is none', async () => {
  const { privateKey } = generateKeyPairSync('x25519')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const { certificate } = await makeCa('ec')
  await expect(issueCertificate({ certificate, key }, 'a.example', Date.now())).rejects.toThrow('x25519')
  expect(readLeaf('nonsense', certificate)).toBeUndefined()
  expect(readLeaf(undefined, certificate)).toBeUndefined()
})
