// The internet of a test: names that lead to ports of this machine, with certificates that this process trusts.
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'

export type Internet = {
  /** PEM of the authority behind all certificates here. */
  readonly ca: string
  /** Addresses as `127.0.0.1:port` by name; filled as servers start. Where a name leads may be changed at any time. */
  readonly hosts: Map<string, string>
  certificate(domain: string): Promise<{ cert: string; key: string }>
}

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** One without any names yet; this process trusts its authority from now on. */
export async function openInternet(): Promise<Internet> {
  const ca = await generate([{ name: 'commonName', value: 'Hamlet tests' }], {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  setDefaultCACertificates([...getCACertificates('default'), ca.cert])
  return {
    ca: ca.cert,
    hosts: new Map(),
    certificate: async (domain) => {
      const made = await generate([{ name: 'commonName', value: domain.slice(0, 64) }], {
        ...EC,
        ca: { cert: ca.cert, key: ca.private },
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: domain }] }],
      })
      return { cert: made.cert, key: made.private }
    },
  }
}
