// Every object that the operator makes, as YAML beside its builder: a change of one shows in review.
// `npx vitest run --project unit operator/build -u` writes them anew.
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { communitySpec } from '../api/community.ts'
import type { KubeObject } from '../kube/types.ts'
import { buildClaim, readClaim } from './data/claim.ts'
import { buildInstance } from './data/instance.ts'
import { buildRebalance } from './data/rebalance.ts'
import { buildCommunitySecret, buildInstanceSecret, buildInvitation, readSecret } from './data/secrets.ts'
import { databaseUrl, passwordOf } from './database-url.ts'
import { buildIngress } from './front/ingress.ts'
import { buildNetworkPolicy } from './front/network-policy.ts'
import { buildService } from './front/service.ts'
import type { Owner } from './owned.ts'
import { buildDeployment, templateHash, type WorkloadWish } from './workload/deployment.ts'
import { buildInstanceService } from './workload/service.ts'

const owner: Owner = {
  apiVersion: 'hamlet.coop/v1alpha1',
  namespace: 'town',
  name: 'garden',
  uid: '11111111-2222-3333-4444-555555555555',
}
const spec = (given: object = {}) => communitySpec.parse({ domain: 'garden.example', ...given })
const endpoint = { host: 'hamlet-postgres.hamlet.svc', port: 5432 }
const elsewhere = { host: 'db.example', port: 6432, sslmode: 'verify-full', ca: 'PEM of the CA\n' }

const workload = (given: Partial<WorkloadWish> = {}): WorkloadWish => ({
  ordinal: 2,
  domain: 'garden.example',
  image: 'registry.example/hamlet@sha256:00',
  pullPolicy: 'IfNotPresent',
  resources: spec().resources,
  egressAllow: '',
  egressHosts: '',
  wakeUrl: 'http://hamlet-operator.hamlet.svc:8080/wake/town/garden',
  logLevel: 'info',
  trustsCa: false,
  secretsHash: '0123456789abcdef',
  ...given,
})

const golden: Record<string, KubeObject> = {
  'data/claim': buildClaim('hamlet', {
    domain: 'garden.example',
    owner,
    prefix: 'garden_0123456789ab',
    systemIdentifier: '7000000000000000000',
  }),
  'data/rebalance': buildRebalance(owner, { number: 3, reason: 'Overflow', approved: false }),
  'data/instance': buildInstance(owner, {
    ordinal: 2,
    cap: 300,
    image: 'registry.example/hamlet:1',
    state: 'Active',
  }),
  'data/community-secret': buildCommunitySecret(owner, {
    endpoint,
    prefix: 'garden_0123456789ab',
    password: 'directory-password',
    internalKey: 'internal-key',
    trustedCa: undefined,
  }),
  'data/community-secret-external': buildCommunitySecret(owner, {
    endpoint: elsewhere,
    prefix: 'garden_0123456789ab',
    password: 'directory-password',
    internalKey: 'internal-key',
    trustedCa: 'PEM of our CA\n',
  }),
  'data/instance-secret': buildInstanceSecret(owner, {
    endpoint,
    prefix: 'garden_0123456789ab',
    ordinal: 2,
    password: 'instance-password',
  }),
  'data/invitation': buildInvitation(owner, { domain: 'garden.example', token: 'token' }),
  'workload/deployment': buildDeployment(owner, workload()),
  'workload/deployment-local-ca': buildDeployment(
    owner,
    workload({
      trustsCa: true,
      egressAllow: '10.96.0.20/32',
      egressHosts: '*.localhost=10.96.0.20',
      resources: spec({ resources: { limits: { cpu: 1, memory: '1Gi' } } }).resources,
    }),
  ),
  'workload/service': buildInstanceService(owner, 2),
  'front/service': buildService(owner),
  'front/ingress': buildIngress(owner, {
    domain: 'garden.example',
    ingress: spec().ingress,
    defaultClass: '',
  }),
  'front/ingress-cert-manager': buildIngress(owner, {
    domain: 'garden.example',
    ingress: spec({
      ingress: {
        className: 'nginx',
        annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '16m' },
        tls: { mode: 'CertManager', issuer: { name: 'letsencrypt' } },
      },
    }).ingress,
    defaultClass: 'traefik',
  }),
  'front/ingress-own-certificate': buildIngress(owner, {
    domain: 'garden.example',
    ingress: spec({ ingress: { tls: { mode: 'Secret', secretName: 'mine' } } }).ingress,
    defaultClass: 'traefik',
  }),
  'front/ingress-no-tls': buildIngress(owner, {
    domain: 'garden.example',
    ingress: spec({ ingress: { tls: { mode: 'None' } } }).ingress,
    defaultClass: 'traefik',
  }),
  'front/network-policy': buildNetworkPolicy(owner, {
    operatorNamespace: 'hamlet',
    postgres: endpoint,
    egressAllow: ['10.96.0.20/32'],
  }),
}

test.each(Object.entries(golden))('%s', async (name, object) => {
  await expect(stringify(object, { aliasDuplicateObjects: false })).toMatchFileSnapshot(
    `./${name}.golden.yaml`,
  )
})

test('the pod template is the same whatever else the community grows to be', () => {
  const hash = templateHash(buildDeployment(owner, workload()))
  // Whoever changes this restarts every instance at the next upgrade of the operator: it must be worth it.
  expect(hash).toMatchInlineSnapshot(`"43b63225230c"`)
  const other = { ...owner, uid: '99999999-2222-3333-4444-555555555555' }
  expect(templateHash(buildDeployment(other, workload()))).toBe(hash)
  expect(templateHash(buildDeployment(owner, workload({ image: 'other' })))).not.toBe(hash)
})

test('what is written is read again', () => {
  const object = golden['data/claim']
  if (!object) throw new Error('no claim')
  expect(readClaim({ ...object, data: { ...Object(object.data), 'made-1': 'true' } })).toMatchObject({
    domain: 'garden.example',
    owner: { namespace: 'town', name: 'garden', uid: owner.uid },
    nextOrdinal: 1,
    made: new Set(['1']),
  })
  expect(() => readClaim({ ...object, data: { ...Object(object.data), prefix: undefined } })).toThrow(
    'lacks prefix',
  )
  expect(() => readClaim({ ...object, data: { ...Object(object.data), 'next-ordinal': 'x' } })).toThrow(
    'next-ordinal',
  )
  expect(readSecret(golden['data/invitation'])).toEqual({
    link: 'https://garden.example/invitation/token',
    token: 'token',
  })
  expect(passwordOf(databaseUrl(elsewhere, 'garden_1', 'p/?&@:'))).toBe('p/?&@:')
  expect(databaseUrl({ host: 'fd00::1', port: 5432 }, 'g_1', 'p')).toBe('postgres://g_1:p@[fd00::1]:5432/g_1')
})
