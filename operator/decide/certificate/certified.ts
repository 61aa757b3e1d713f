// Until when what a community shows to browsers and to other servers is valid, and in time that it is not for long.
import type { CommunityFinding } from '../community/status.ts'
import type { CommunitySnapshot } from '../snapshot.ts'

const MOST_MS = 30 * 86_400_000
/** Of its life, later than any issuer that renews by itself does it. */
const PART = 1 / 6

export type Ending = {
  /** What ends, as the beginning of a sentence. */
  readonly what: string
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly reason: 'CaExpires' | 'CertificateExpires'
  readonly remedy: string
}

/** What ends first of what nobody renews but people; undefined: nothing does, or it is not known. */
export function endingOf({
  community,
  settings,
  caFacts,
  leaf,
}: Pick<CommunitySnapshot, 'community' | 'settings' | 'caFacts' | 'leaf'>): Ending | undefined {
  const { domain, ingress } = community.spec
  const { tls } = ingress
  if (tls.mode === 'None') return undefined
  // Certificates that the operator signs are made anew in time, as long as there is something to sign them with.
  if (tls.mode === 'CA')
    return caFacts && caFacts.problem === undefined
      ? {
          what: `the CA in Secret ${caFacts.secret} in the namespace ${settings.namespace} (chart value tls.caSecret)`,
          notBefore: caFacts.notBefore,
          notAfter: caFacts.notAfter,
          reason: 'CaExpires',
          remedy: `put a new CA into tls.crt and tls.key there, and have it trusted where this one is`,
        }
      : undefined
  return (
    leaf && {
      what: `the certificate of ${domain}`,
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      reason: 'CertificateExpires',
      remedy:
        tls.mode === 'Secret'
          ? 'put a new one into the Secret that spec.ingress.tls.secretName names'
          : 'cert-manager has not renewed it: see `kubectl describe certificate` in its namespace',
    }
  )
}

/** Pure. A month before the end, or the last sixth of a shorter life, it is said that somebody has to do something. */
export function describeCertificate(
  snapshot: Pick<CommunitySnapshot, 'community' | 'settings' | 'caFacts' | 'leaf'>,
  now: number,
): CommunityFinding {
  const type = 'Certified'
  const ending = endingOf(snapshot)
  if (!ending)
    return snapshot.community.spec.ingress.tls.mode === 'None'
      ? { type, status: 'True', reason: 'Settled', message: 'TLS ends before the ingress' }
      : {
          type,
          status: 'Unknown',
          reason: 'CertificateMissing',
          message: 'no certificate was found whose end could be read',
        }
  const { what, notBefore, notAfter, reason, remedy } = ending
  const day = new Date(notAfter).toISOString().slice(0, 10)
  if (now > notAfter - Math.min(MOST_MS, (notAfter - notBefore) * PART))
    return {
      type,
      status: 'False',
      reason,
      message: `${what} ${now >= notAfter ? 'expired' : 'expires'} on ${day}: ${remedy}`,
    }
  return { type, status: 'True', reason: 'Settled', message: `${what} is valid until ${day}` }
}
