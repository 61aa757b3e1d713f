// Certificates for names of a test.
import tls from 'node:tls'
import { generate } from 'selfsigned'

/** A certificate for the domain that this process trusts from now on. */
export async function certificate(domain: string): Promise<{ key: string; cert: string }> {
  const pair = await generate([{ name: 'commonName', value: domain }], {
    algorithm: 'sha256',
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: domain }] },
    ],
  })
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pair.cert])
  return { key: pair.private, cert: pair.cert }
}
