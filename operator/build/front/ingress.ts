// The way in: the domain, its certificate, and the community's Service behind.
import type { CommunitySpec } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { certificateName } from '../names.ts'
import { communityLabels, type Owner, owned } from '../owned.ts'

export type IngressWish = {
  readonly domain: string
  readonly ingress: CommunitySpec['ingress']
  /** The class when the Community names none; empty: the cluster's default. */
  readonly defaultClass: string
}

/** The Secret with the certificate; undefined when something before the ingress does TLS. */
export function certificateSecret(name: string, tls: CommunitySpec['ingress']['tls']): string | undefined {
  if (tls.mode === 'None') return undefined
  return tls.mode === 'Secret' ? tls.secretName : certificateName(name)
}

export function buildIngress(owner: Owner, { domain, ingress, defaultClass }: IngressWish): KubeObject {
  const { tls } = ingress
  const issuer =
    tls.mode === 'CertManager' && tls.issuer
      ? { [`cert-manager.io/${tls.issuer.kind === 'Issuer' ? 'issuer' : 'cluster-issuer'}`]: tls.issuer.name }
      : {}
  const annotations = { ...ingress.annotations, ...issuer }
  const className = ingress.className ?? defaultClass
  const secretName = certificateSecret(owner.name, tls)
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      ...owned(owner, owner.name, communityLabels(owner)),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      ...(className && { ingressClassName: className }),
      ...(secretName && { tls: [{ hosts: [domain], secretName }] }),
      rules: [
        {
          host: domain,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: owner.name, port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
    },
  }
}
