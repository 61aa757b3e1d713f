// The pod of one instance. Nothing here changes with growth or with a new operator, so neither restarts anybody.
import { createHash } from 'node:crypto'
import { COMMUNITY_LABEL, type CommunitySpec, INSTANCE_LABEL } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { TRUSTED_CA } from '../data/secrets.ts'
import { communitySecretName, instanceName } from '../names.ts'
import { instanceLabels, type Owner, owned } from '../owned.ts'

export type WorkloadWish = {
  readonly ordinal: number
  readonly domain: string
  readonly image: string
  readonly pullPolicy: string
  readonly resources: CommunitySpec['resources']
  readonly egressAllow: string
  readonly egressHosts: string
  readonly wakeUrl: string
  readonly logLevel: string
  /** Whether the cluster's own CA is in the community's Secret, to be trusted beside the public ones. */
  readonly trustsCa: boolean
  /** Changes with what a pod reads from its Secrets at its start: a password that was given anew needs a new pod. */
  readonly secretsHash: string
}

/** Told to Kubernetes: a rollout that takes longer is reported as stuck. */
export const ROLLOUT_SECONDS = 300

/** Annotation of the pod template. */
export const SECRETS_HASH = 'hamlet.coop/secrets'

const SECRETS = '/run/hamlet'

/** uid 1000 is the user of the image; nothing in the pod is root, writable or allowed more than it needs. */
const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
}
const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

export function buildDeployment(owner: Owner, wish: WorkloadWish): KubeObject {
  const name = instanceName(owner.name, wish.ordinal)
  const labels = instanceLabels(owner, wish.ordinal)
  const selected = { [COMMUNITY_LABEL]: owner.name, [INSTANCE_LABEL]: name }
  const spec = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Longer than a clean stop takes: requests end, leases are given back.
    terminationGracePeriodSeconds: 30,
    securityContext: podSecurity,
    containers: [
      {
        name: 'instance',
        image: wish.image,
        imagePullPolicy: wish.pullPolicy,
        command: ['node', '/app/instance.js'],
        env: environment(wish),
        ports: [
          { name: 'public', containerPort: 8080, protocol: 'TCP' },
          { name: 'internal', containerPort: 8081, protocol: 'TCP' },
        ],
        startupProbe: probe('/livez', { periodSeconds: 1, failureThreshold: 60 }),
        readinessProbe: probe('/readyz', { periodSeconds: 1, failureThreshold: 3 }),
        livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 6 }),
        resources: resources(wish.resources),
        securityContext: containerSecurity,
        volumeMounts: [
          { name: 'secrets', mountPath: SECRETS, readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      {
        name: 'secrets',
        projected: {
          defaultMode: 0o440,
          sources: [{ secret: { name: communitySecretName(owner.name) } }, { secret: { name } }],
        },
      },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  }
  const { 'hamlet.coop/community-uid': _uid, ...templateLabels } = labels
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: owned(owner, name, labels),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: ROLLOUT_SECONDS,
      selector: { matchLabels: selected },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: templateLabels, annotations: { [SECRETS_HASH]: wish.secretsHash } },
        spec,
      },
    },
  }
}

/** Tells one pod template from another; for messages and for tests that an operator's upgrade changes none. */
export const templateHash = (deployment: KubeObject): string =>
  createHash('sha256')
    .update(JSON.stringify((deployment.spec as { template: unknown }).template))
    .digest('hex')
    .slice(0, 12)

const environment = (wish: WorkloadWish) => {
  const values: Record<string, string> = {
    HAMLET_DOMAIN: wish.domain,
    HAMLET_ORDINAL: String(wish.ordinal),
    HAMLET_SECRETS: SECRETS,
    HAMLET_WAKE_URL: wish.wakeUrl,
    HAMLET_LOG_LEVEL: wish.logLevel,
    ...(wish.egressAllow && { HAMLET_EGRESS_ALLOW: wish.egressAllow }),
    ...(wish.egressHosts && { HAMLET_EGRESS_HOSTS: wish.egressHosts }),
    ...(wish.trustsCa && { NODE_EXTRA_CA_CERTS: `${SECRETS}/${TRUSTED_CA}` }),
  }
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }))
}

const probe = (path: string, times: { periodSeconds: number; failureThreshold: number }) => ({
  httpGet: { path, port: 'internal', scheme: 'HTTP' },
  timeoutSeconds: 5,
  successThreshold: 1,
  ...times,
})

const resources = ({ requests, limits }: CommunitySpec['resources']) => ({
  requests: { cpu: String(requests.cpu), memory: String(requests.memory) },
  limits: {
    ...(limits.cpu !== undefined && { cpu: String(limits.cpu) }),
    memory: String(limits.memory),
  },
})
