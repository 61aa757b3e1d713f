// The way in: Service, Ingress, certificate and who may talk to whom.
import { buildIngress, certificateSecret } from '../../build/front/ingress.ts'
import { buildNetworkPolicy } from '../../build/front/network-policy.ts'
import { buildService } from '../../build/front/service.ts'
import { certificateName } from '../../build/names.ts'
import { type Owner, owned } from '../../build/owned.ts'
import { COMMUNITY_MANAGER, changed } from '../changed.ts'
import type { Step } from '../decision.ts'
import type { CommunitySnapshot, LeafFacts, Refusal } from '../snapshot.ts'

export type FrontDecision = { readonly steps: readonly Step[]; readonly refusal: Refusal | undefined }

export function decideFront(snapshot: CommunitySnapshot, owner: Owner, now: number): FrontDecision {
  const { community, settings, live, server } = snapshot
  const { domain, ingress } = community.spec
  const objects = [
    [buildService(owner), live.service],
    [buildIngress(owner, { domain, ingress, defaultClass: settings.ingressClass }), live.ingress],
    [
      buildNetworkPolicy(owner, {
        operatorNamespace: settings.namespace,
        postgres: server.endpoint,
        egressAllow: settings.egressAllow,
      }),
      live.networkPolicy,
    ],
  ] as const
  const steps: Step[] = objects
    .filter(([object, there]) => changed(there, object, COMMUNITY_MANAGER))
    .map(([object, there]) => ({ do: 'apply', object, live: there }))
  const certificate = decideCertificate(snapshot, owner, now)
  return {
    steps: [...certificate.steps, ...steps],
    refusal: certificate.refusal ?? missingClass(snapshot),
  }
}

function missingClass({ community, settings, ingressClassThere }: CommunitySnapshot): Refusal | undefined {
  if (ingressClassThere !== false) return undefined
  const { className } = community.spec.ingress
  return {
    reason: 'IngressClassMissing',
    message: `there is no IngressClass ${className ?? settings.ingressClass}: ${
      className ? 'correct spec.ingress.className' : 'set spec.ingress.className'
    }, or install that ingress controller`,
  }
}

/**
 * A third of its life is left: enough for a cluster that was off over a holiday. One that lasts as long as its CA does is
 * kept to the end, for the next would last no longer. Times in milliseconds since 1970.
 */
export function mustRenew(
  leaf: LeafFacts | undefined,
  domain: string,
  caNotAfter: number,
  now: number,
): boolean {
  if (!leaf?.byOurCa || !leaf.domains.includes(domain)) return true
  if (leaf.notAfter >= caNotAfter) return false
  return now < leaf.notBefore || now > leaf.notAfter - (leaf.notAfter - leaf.notBefore) / 3
}

function decideCertificate(
  { community, settings, caFacts, leaf, live, certificateThere }: CommunitySnapshot,
  owner: Owner,
  now: number,
): FrontDecision {
  const { domain, ingress } = community.spec
  const { tls } = ingress
  const missing = (message: string): FrontDecision => ({
    steps: [],
    refusal: { reason: 'CertificateMissing', message },
  })
  const name = certificateSecret(owner.name, tls)
  if (tls.mode === 'None') return { steps: [], refusal: undefined }
  if (tls.mode === 'Secret' && !certificateThere)
    return missing(
      `spec.ingress.tls.secretName: there is no Secret ${name} in the namespace ${owner.namespace}: create it with type kubernetes.io/tls`,
    )
  if (tls.mode === 'CertManager' && !certificateThere)
    return missing(
      `cert-manager has not made the Secret ${name} yet: see \`kubectl -n ${owner.namespace} describe certificate ${name}\``,
    )
  if (tls.mode !== 'CA') return { steps: [], refusal: undefined }
  if (!caFacts)
    return missing(
      'spec.ingress.tls.mode is CA, but the operator was installed without one: set the chart value tls.caSecret, or choose another mode',
    )
  const where = `Secret ${caFacts.secret} in the namespace ${settings.namespace} (chart value tls.caSecret)`
  if (caFacts.problem !== undefined) return missing(`${where} ${caFacts.problem}`)
  // What it signed now would be expired already, and so be signed again at every look.
  if (now >= caFacts.notAfter)
    return {
      steps: [],
      refusal: {
        reason: 'CaExpired',
        message: `the CA in ${where} expired on ${new Date(caFacts.notAfter).toISOString().slice(0, 10)}, and with it the certificate of ${domain}: put a new CA into tls.crt and tls.key there, or choose another spec.ingress.tls.mode`,
      },
    }
  if (!mustRenew(leaf, domain, caFacts.notAfter, now)) return { steps: [], refusal: undefined }
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: owned(owner, certificateName(owner.name)),
    type: 'kubernetes.io/tls',
  }
  return {
    steps: [{ do: 'issueCertificate', domain, object, live: live.certificate }],
    refusal: undefined,
  }
}
