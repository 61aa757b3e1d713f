import { expect, test } from 'vitest'
import type { KubeObject } from '../types.ts'
import { applyIfNeeded, differs, quantityOf } from './apply.ts'

const desired: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'garden-1', namespace: 'default', labels: { a: 'b' } },
  spec: {
    replicas: 1,
    template: {
      spec: {
        containers: [
          {
            name: 'instance',
            image: 'hamlet:1',
            ports: [{ containerPort: 8080 }],
            command: ['node', 'x.js'],
            resources: { limits: { cpu: '0.5', memory: '512Mi' } },
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    },
  },
}

const owned = {
  'f:metadata': { 'f:labels': { 'f:a': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"instance"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:ports': { 'k:{"containerPort":8080,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            'f:command': {},
            'f:resources': { 'f:limits': { 'f:cpu': {}, 'f:memory': {} } },
          },
        },
        'f:volumes': { 'k:{"name":"tmp"}': { '.': {}, 'f:name': {}, 'f:emptyDir': {} } },
      },
    },
  },
}

/** As the API server stores it: defaults filled in, quantities rewritten, a label and a container of others. */
const live = (): KubeObject & {
  spec: { replicas: number; template: { spec: { containers: object[]; volumes: object[] } } }
} => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'garden-1',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '7',
    labels: { a: 'b', theirs: 'x' },
    managedFields: [
      {
        manager: 'kubectl',
        operation: 'Update',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:theirs': {} } } },
      },
      { manager: 'hamlet', operation: 'Apply', fieldsV1: owned },
    ],
  },
  spec: {
    replicas: 1,
    template: {
      spec: {
        containers: [
          { name: 'sidecar', image: 'proxy' },
          {
            name: 'instance',
            image: 'hamlet:1',
            imagePullPolicy: 'IfNotPresent',
            ports: [{ containerPort: 8080, protocol: 'TCP' }],
            command: ['node', 'x.js'],
            resources: { limits: { cpu: '500m', memory: '512Mi' } },
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    },
  },
  status: { replicas: 1 },
})

test('an object that has what is wanted is left alone, whatever others added', async () => {
  expect(differs(desired, live(), 'hamlet')).toBe(false)
  const kube = { apply: () => Promise.reject(new Error('written')) }
  expect(await applyIfNeeded(kube, desired, live(), 'hamlet')).toMatchObject({ written: false })
})

const edit = (change: (object: ReturnType<typeof live>) => void) => {
  const object = live()
  change(object)
  return object
}
const changed = (change: (object: KubeObject & { spec: { replicas?: number } }) => void): KubeObject => {
  const object = structuredClone(desired) as KubeObject & { spec: { replicas?: number } }
  change(object)
  return object
}

test.each<[string, KubeObject, KubeObject]>([
  [
    'somebody changed a value',
    desired,
    edit((o) => {
      o.spec.replicas = 2
    }),
  ],
  [
    'a label is missing',
    desired,
    edit((o) => {
      o.metadata.labels = {}
    }),
  ],
  [
    'our container is gone',
    desired,
    edit((o) => {
      o.spec.template.spec.containers.pop()
    }),
  ],
  [
    'nothing is ours',
    desired,
    edit((o) => {
      o.metadata.managedFields?.pop()
    }),
  ],
  [
    'we want another value',
    changed((o) => {
      o.spec.replicas = 3
    }),
    live(),
  ],
  [
    'we no longer want a field',
    changed((o) => {
      delete o.spec.replicas
    }),
    live(),
  ],
  [
    'we want one more label',
    changed((o) => {
      o.metadata.labels = { a: 'b', c: 'd' }
    }),
    live(),
  ],
])('it is written when %s', (_, wanted, object) => {
  expect(differs(wanted, object, 'hamlet')).toBe(true)
})

test('quantities are compared by what they mean', () => {
  expect(quantityOf('0.5')).toBe(quantityOf('500m'))
  expect(quantityOf('1Gi')).toBe(quantityOf('1024Mi'))
  expect(quantityOf(1)).toBe(quantityOf('1000m'))
  expect(quantityOf('1M')).not.toBe(quantityOf('1Mi'))
  expect(quantityOf('lots')).toBeUndefined()
})
