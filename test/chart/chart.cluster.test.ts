// The chart as Helm renders it. Needs helm, which the cluster's tools bring; the cluster itself only checks the objects.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { toolPath } from '../cluster/build/tools.ts'

const root = join(import.meta.dirname, '../..')
const chart = join(root, 'charts/hamlet')
const image = ['--set', 'image.repository=localhost/hamlet']
// A helm that was built without its usual flags takes the cluster for a very old one unless told.
const version = ['--kube-version', '1.34.0']

const container = z.looseObject({
  name: z.string(),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  resources: z.object({
    requests: z.record(z.string(), z.string()),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
})
/** Pod security "restricted", and more: a read-only root, an explicit choice about the token, resources. */
const restricted = z.looseObject({
  automountServiceAccountToken: z.boolean(),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.array(container),
})
const rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
})
const object = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(rule).default([]),
  data: z.record(z.string(), z.string()).default({}),
})
type Rendered = z.output<typeof object>

let helm: string
beforeAll(async () => {
  helm = await toolPath('helm')
})

async function render(...args: string[]): Promise<Rendered[]> {
  const { stdout } = await execa(helm, [
    'template',
    'hamlet',
    chart,
    '-n',
    'here',
    ...version,
    ...image,
    ...args,
  ])
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((value) => value !== null)
    .map((value) => object.parse(value))
}

const refusal = (...args: string[]) =>
  execa(helm, ['template', 'hamlet', chart, ...version, ...image, ...args], { reject: false }).then(
    ({ stderr }) => stderr,
  )

function named(objects: Rendered[], kind: string, name: string): Rendered {
  const found = objects.filter((o) => o.kind === kind && o.metadata.name === name)
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} objects are ${kind} ${name}`)
  return found[0]
}

function podOf(rendered: Rendered): unknown {
  const { spec } = z.looseObject({ spec: z.unknown() }).parse(rendered)
  if (rendered.kind === 'Pod') return spec
  return z.looseObject({ template: z.looseObject({ spec: z.unknown() }) }).parse(spec).template.spec
}

function environment(objects: Rendered[]): Record<string, string | undefined> {
  const { containers } = restricted.parse(podOf(named(objects, 'Deployment', 'hamlet-operator')))
  return Object.fromEntries((containers[0]?.env ?? []).map(({ name, value }) => [name, value]))
}

test('helm lint finds nothing', async () => {
  const examples = join(chart, 'examples/production.values.yaml')
  await execa(helm, ['lint', '--strict', ...version, chart, ...image])
  await execa(helm, ['lint', '--strict', ...version, chart, '-f', examples])
})

test('every pod is restricted and bounded', async () => {
  const objects = await render()
  const pods = objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job', 'Pod'].includes(kind))
  expect(pods.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
    'Deployment hamlet-operator',
    'Job hamlet-uninstall-check',
    'Pod hamlet-test',
    'StatefulSet hamlet-postgres',
  ])
  for (const pod of pods) {
    const { success, error } = restricted.safeParse(podOf(pod))
    expect(JSON.stringify(podOf(pod)), pod.metadata.name).not.toMatch(/"host(Network|PID|IPC|Path|Port)"/)
    expect(success, `${pod.metadata.name}: ${error && z.prettifyError(error)}`).toBe(true)
  }
})

test('rights: namespace by namespace unless asked, and Secrets are never listed', async () => {
  const few = await render('--set', 'watchNamespaces={garden,choir}')
  const places = few.filter((o) => o.kind === 'Role').map((o) => `${o.metadata.namespace}/${o.metadata.name}`)
  expect(places.sort()).toEqual([
    'choir/hamlet-operator',
    'garden/hamlet-operator',
    'here/hamlet-operator-own',
  ])
  const bound = few.filter(({ kind }) => kind === 'ClusterRoleBinding').map(({ metadata }) => metadata.name)
  expect(bound).toEqual(['hamlet-operator-here-classes'])
  expect(named(few, 'ClusterRole', 'hamlet-operator-here-classes').rules).toEqual([
    { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['get'] },
  ])
  expect(environment(few).HAMLET_WATCH_NAMESPACES).toBe('choir,garden')

  const all = await render('--set', 'rbac.clusterWide=true')
  expect(all.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.name)).toEqual([
    'hamlet-operator-own',
  ])
  expect(named(all, 'ClusterRole', 'hamlet-operator-here').rules).toEqual(
    few.find((o) => o.kind === 'Role' && o.metadata.namespace === 'garden')?.rules,
  )
  expect(environment(all).HAMLET_WATCH_NAMESPACES).toBe('*')

  for (const { apiGroups, resources, verbs } of [...few, ...all].flatMap(({ rules }) => rules)) {
    expect([...apiGroups, ...resources, ...verbs]).not.toContain('*')
    if (resources.includes('secrets')) {
      expect(verbs.filter((verb) => ['list', 'watch', 'deletecollection'].includes(verb))).toEqual([])
    }
  }
})

test('no Secret and no random text is rendered, so that every rendering is the same', async () => {
  const objects = await render()
  expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([])
  expect(await render()).toEqual(objects)
})

test('the definitions are those of crds/, are kept, and can be left out', async () => {
  const files = readdirSync(join(root, 'crds'))
  expect(readdirSync(join(chart, 'crd-files'))).toEqual(files)
  const rendered = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition')
  const wanted = files.map((file) =>
    object.parse(parseAllDocuments(readFileSync(join(root, 'crds', file), 'utf8'))[0]?.toJS()),
  )
  const byName = (a: Rendered, b: Rendered) => a.metadata.name.localeCompare(b.metadata.name)
  expect(rendered.sort(byName)).toEqual(wanted.sort(byName))
  for (const { metadata } of rendered)
    expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' })
  // More labels are theirs from the beginning, and change nothing else.
  const labelled = await render(
    '--set',
    'crds.labels.mine=yes',
    '--set',
    'crds.labels.app\\.kubernetes\\.io/name=other',
  )
  const more = wanted.map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, labels: { ...Object(metadata.labels), mine: 'yes' } },
  }))
  expect(labelled.filter(({ kind }) => kind === 'CustomResourceDefinition').sort(byName)).toEqual(more)
  const without = await render('--set', 'crds.install=false')
  expect(without.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([])
})

test('an upgrade of the chart alone does not restart PostgreSQL; another configuration does', async () => {
  const template = (objects: Rendered[]) =>
    JSON.stringify(
      z
        .looseObject({ spec: z.looseObject({ template: z.unknown() }) })
        .parse(named(objects, 'StatefulSet', 'hamlet-postgres')).spec.template,
    )
  const before = await render()
  expect(template(before)).not.toContain('helm.sh/chart')
  expect(template(await render('--set', 'image.tag=next,replicas=3,logLevel=debug'))).toBe(template(before))
  const more = await render(
    '--set',
    'postgres.instances=60',
    '--set-string',
    "postgres.settings.work_mem=1'MB",
  )
  expect(template(more)).not.toBe(template(before))
  const conf = named(more, 'ConfigMap', 'hamlet-postgres').data['postgresql.conf'] ?? ''
  expect(conf.split('\n')).toEqual(expect.arrayContaining(["max_connections = '503'", "work_mem = '1''MB'"]))
})

test('what is set reaches the operator', async () => {
  const given = environment(
    await render(
      ...[
        '--set',
        'egress.allowCIDRs={10.96.0.0/16,fd00::/8}',
        '--set',
        'egress.hosts.*\\.localhost=10.96.1.1',
      ],
      ...['--set', 'tls.caSecret=hamlet-ca,ingress.className=traefik'],
      ...['--set', `image.digest=sha256:${'a'.repeat(64)}`],
    ),
  )
  expect(given).toMatchObject({
    HAMLET_INSTANCE_IMAGE: `localhost/hamlet@sha256:${'a'.repeat(64)}`,
    HAMLET_POSTGRES_MODE: 'bundled',
    HAMLET_POSTGRES_HOST: 'hamlet-postgres.here.svc',
    HAMLET_POSTGRES_SECRET: 'hamlet-postgres',
    HAMLET_CA_SECRET: 'hamlet-ca',
    HAMLET_INGRESS_CLASS: 'traefik',
    HAMLET_EGRESS_ALLOW: '10.96.0.0/16,fd00::/8',
    HAMLET_EGRESS_HOSTS: '*.localhost=10.96.1.1',
    HAMLET_WAKE_URL: 'http://hamlet-operator.here.svc:8080/wake',
  })
})

test('instances may stay at an image while the operator goes on', async () => {
  const objects = await render('--set', 'image.tag=next,instanceImage=localhost/hamlet:before')
  expect(environment(objects).HAMLET_INSTANCE_IMAGE).toBe('localhost/hamlet:before')
  expect(podOf(named(objects, 'Deployment', 'hamlet-operator'))).toMatchObject({
    containers: [{ image: 'localhost/hamlet:next' }],
  })
})

test.each([
  ['an unknown value', ['--set', 'postgress.enabled=false'], 'postgress'],
  ['a wrong type', ['--set', 'replicas=many'], 'replicas'],
  ['a tag as digest', ['--set', 'image.digest=v1'], 'digest'],
  ['an address instead of a range', ['--set', 'egress.allowCIDRs={10.0.0.1}'], 'allowCIDRs'],
])('%s is refused by name', async (_, args, name) => {
  expect(await refusal(...args)).toContain(name)
})

test('without an image the message says what to do', async () => {
  const { stderr } = await execa(helm, ['template', 'hamlet', chart, ...version], { reject: false })
  expect(stderr).toContain('image.repository is missing: build the Containerfile')
})
