// A certificate as it was found.
import { X509Certificate } from 'node:crypto'
import type { LeafFacts } from '../decide/snapshot.ts'

/** Undefined for what is not a certificate: it is then made anew. */
export function readLeaf(pem: string | undefined, ca: string | undefined): LeafFacts | undefined {
  if (!pem) return undefined
  try {
    const leaf = new X509Certificate(pem)
    const issuer = ca ? new X509Certificate(ca) : undefined
    return {
      domains: (leaf.subjectAltName ?? '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name.startsWith('DNS:'))
        .map((name) => name.slice('DNS:'.length)),
      notBefore: Date.parse(leaf.validFrom),
      notAfter: Date.parse(leaf.validTo),
      byOurCa: issuer !== undefined && leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey),
    }
  } catch {
    return undefined
  }
}
