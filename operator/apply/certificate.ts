// A certificate for a domain, signed by the operator's CA.
import 'reflect-metadata'
import { createPrivateKey, randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { readLeaf } from '../observe/certificate.ts'

export type Ca = { readonly certificate: string; readonly key: string }

const DAY = 86_400_000
const LIFE = 90 * DAY
/** A node whose clock is behind takes it too. */
const EARLIER = 300_000

const LEAF_KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** PEM of the certificate, of its key, and of the CA. Throws when the CA's key is of a kind that cannot sign. */
export async function issueCertificate(
  ca: Ca,
  domain: string,
  now: number,
): Promise<{ 'tls.crt': string; 'tls.key': string; 'ca.crt': string }> {
  const issuer = new x509.X509Certificate(ca.certificate)
  const { signingKey, signingAlgorithm } = await importCaKey(ca.key)
  const keys = await crypto.subtle.generateKey(LEAF_KEY, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(16).toString('hex')}`,
    // Names longer than 64 characters do not fit here, and nobody reads it any more.
    ...(domain.length <= 64 && { subject: `CN=${domain}` }),
    issuer: issuer.subjectName,
    notBefore: new Date(now - EARLIER),
    notAfter: new Date(Math.min(now + LIFE, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: domain }]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  // Whatever would not pass at the next look would be made again and again.
  const made = readLeaf(certificate.toString('pem'), ca.certificate)
  if (!made?.byOurCa)
    throw new Error(
      'the CA may not sign certificates: it needs keyCertSign in its key usage, if that is given',
    )
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    'tls.crt': `${certificate.toString('pem')}\n`,
    'tls.key': `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
    'ca.crt': ca.certificate,
  }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** Takes whatever form of PEM tools write. */
async function importCaKey(pem: string) {
  const key = createPrivateKey(pem)
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? '']
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : key.asymmetricKeyType === 'ec' && curve
        ? { name: 'ECDSA', namedCurve: curve, hash: 'SHA-256' }
        : undefined
  if (!algorithm)
    throw new Error(`the CA's key is ${key.asymmetricKeyType}: use RSA or an EC key on a NIST curve`)
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return {
    signingKey: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
  }
}
