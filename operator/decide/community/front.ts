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

/** A third of its life is left: enough for a cluster that was off over a holiday. */
export function mustRenew(leaf: LeafFacts | undefined, domain: string, now: number): boolean {
  if (!leaf?.byOurCa || !leaf.domains.includes(domain)) return true
  return now < leaf.notBefore || now > leaf.notAfter - (leaf.notAfter - leaf.notBefore) / 3
}

function decideCertificate(
  { community, ca, leaf, live, certificateThere }: CommunitySnapshot,
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
  if (!ca)
    return missing(
      'spec.ingress.tls.mode is CA, but the operator was installed without one: set the chart value tls.caSecret, or choose another mode',
    )
  if (!mustRenew(leaf, domain, now)) return { steps: [], refusal: undefined }
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
