// Certificates as they were found.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { CaFacts, LeafFacts } from '../decide/snapshot.ts'

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

/** `data` is what the Secret says, undefined when there is none. */
export function readCa(secret: string, data: Readonly<Record<string, string>> | undefined): CaFacts {
  const problem = (text: string): CaFacts => ({ secret, problem: text })
  if (!data) return problem('is not there: create it with type kubernetes.io/tls')
  const certificate = parsed(() => new X509Certificate(data['tls.crt'] ?? ''))
  if (!certificate) return problem('has no certificate in tls.crt: put the CA there')
  const key = parsed((): KeyObject => createPrivateKey(data['tls.key'] ?? ''))
  if (!key) return problem('has no private key in tls.key: put the one of the CA there, without a passphrase')
  if (!certificate.checkPrivateKey(key))
    return problem('has a tls.key that does not belong to tls.crt: put both of one CA there')
  return {
    secret,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    problem: undefined,
  }
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
