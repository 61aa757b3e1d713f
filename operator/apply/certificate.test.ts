import { generateKeyPairSync } from 'node:crypto'
import { createServer, connect as tlsConnect } from 'node:tls'
import selfsigned from 'selfsigned'
import { expect, test } from 'vitest'
import { mustRenew } from '../decide/community/front.ts'
import { readCa, readLeaf } from '../observe/certificate.ts'
import { issueCertificate } from './certificate.ts'

const makeCa = async (keyType: 'rsa' | 'ec', notAfterDate?: Date) => {
  const made = await selfsigned.generate([{ name: 'commonName', value: 'Test CA' }], {
    keyType,
    ...(notAfterDate && { notAfterDate }),
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

test('a certificate does not outlive its CA, and is then kept until both end', async () => {
  const day = 86_400_000
  const ca = await makeCa('ec', new Date(Date.now() + 30 * day))
  const leaf = readLeaf((await issueCertificate(ca, 'a.example', Date.now()))['tls.crt'], ca.certificate)
  const issuer = readCa('hamlet-ca', { 'tls.crt': ca.certificate, 'tls.key': ca.key })
  if (issuer.problem !== undefined) throw new Error(issuer.problem)
  expect(leaf?.notAfter).toBe(issuer.notAfter)
  for (const days of [0, 15, 25, 29.99])
    expect(mustRenew(leaf, 'a.example', issuer.notAfter, Date.now() + days * day)).toBe(false)
})

test('what a CA is good for is read before it signs', async () => {
  const [ca, other] = await Promise.all([makeCa('ec'), makeCa('ec')])
  const read = (certificate: string | undefined, key: string | undefined) =>
    readCa('hamlet-ca', { ...(certificate && { 'tls.crt': certificate }), ...(key && { 'tls.key': key }) })
  const { notBefore, notAfter } = readLeaf(ca.certificate, ca.certificate) ?? {}
  expect(read(ca.certificate, ca.key)).toEqual({
    secret: 'hamlet-ca',
    notBefore,
    notAfter,
    problem: undefined,
  })
  expect(read(ca.certificate, other.key)).toMatchObject({
    problem: expect.stringContaining('does not belong'),
  })
  expect(read(ca.certificate, 'nonsense')).toMatchObject({
    problem: expect.stringContaining('no private key'),
  })
  expect(read('nonsense', ca.key)).toMatchObject({ problem: expect.stringContaining('no certificate') })
  expect(readCa('hamlet-ca', undefined)).toMatchObject({ problem: expect.stringContaining('is not there') })
})

test('a CA whose use does not allow it signs nothing, rather than the same again and again', async () => {
  const made = await selfsigned.generate([{ name: 'commonName', value: 'No CA' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
    ],
  })
  const ca = { certificate: made.cert, key: made.private }
  await expect(issueCertificate(ca, 'a.example', Date.now())).rejects.toThrow('keyCertSign')
})

test('a key that cannot sign is named; what is no certificate is none', async () => {
  const { privateKey } = generateKeyPairSync('x25519')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const { certificate } = await makeCa('ec')
  await expect(issueCertificate({ certificate, key }, 'a.example', Date.now())).rejects.toThrow('x25519')
  expect(readLeaf('nonsense', certificate)).toBeUndefined()
  expect(readLeaf(undefined, certificate)).toBeUndefined()
})
