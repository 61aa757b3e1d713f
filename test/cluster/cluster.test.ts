import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { kubeVersion, versionOf } from './build/go-build.ts'
import { isNewEnough } from './build/go-toolchain.ts'
import type { Cluster } from './cluster.ts'
import { gardenManifest } from './install/community.ts'
import { chartValues, splitImage } from './install/values.ts'
import { urlOf } from './install/visit.ts'
import { whyRefused } from './kinds/context-cluster.ts'
import { shellVariables } from './notes.ts'
import { readOptions } from './options.ts'

const cluster: Cluster = {
  kind: 'packages',
  name: 'hamlet',
  kubeconfigPath: '/tmp/kubeconfig',
  ingressClass: 'traefik',
  images: { postgres: 'localhost/hamlet-postgres:1a' },
  loadImage: async () => {},
}

describe('options', () => {
  it('start a community on this machine without any', () => {
    expect(readOptions([])).toEqual({ domain: 'garden.localhost', community: true, waitOnly: false })
  })

  it('refuse a context without a domain, naming the remedy', () => {
    expect(() => readOptions(['--context', 'work'])).toThrow('--domain')
    expect(() => readOptions(['--context', 'work', '--domain', 'garden.example'])).toThrow('--image')
  })

  it('refuse a domain that does not lead to this machine', () => {
    expect(() => readOptions(['--domain', 'garden.example'])).toThrow('.localhost')
  })
})

describe('a cluster of the user', () => {
  const namespace = { kind: 'Namespace', name: 'hamlet' }

  it('is taken when it is empty or what is there is ours', () => {
    expect(whyRefused([])).toBeUndefined()
    expect(whyRefused([{ ...namespace, labels: { 'hamlet.coop/made-by': 'up' } }])).toBeUndefined()
  })

  it('is refused when Hamlet came another way', () => {
    expect(whyRefused([{ ...namespace, labels: {} }])).toMatch(/Namespace hamlet .* nothing was changed/)
  })

  it('gets rights in one namespace only', () => {
    const values = chartValues({ ...cluster, kind: 'context' }, 'example.org:5000/hamlet:1', undefined)
    expect(values).toMatchObject({ watchNamespaces: ['default'], egress: { allowCIDRs: [] } })
    expect(values).not.toHaveProperty('rbac')
  })
})

describe('chart values', () => {
  it('open the ingress and no other private address', () => {
    expect(chartValues(cluster, 'localhost/hamlet:2b', '10.96.0.20')).toMatchObject({
      image: { repository: 'localhost/hamlet', tag: '2b' },
      postgres: { image: { repository: 'localhost/hamlet-postgres', tag: '1a' } },
      egress: { allowCIDRs: ['10.96.0.20/32'] },
    })
  })

  it.each([
    ['hamlet', { repository: 'hamlet' }],
    ['example.org:5000/hamlet', { repository: 'example.org:5000/hamlet' }],
    ['example.org:5000/hamlet:1.2', { repository: 'example.org:5000/hamlet', tag: '1.2' }],
    ['hamlet:1@sha256:00', { repository: 'hamlet', tag: '1', digest: 'sha256:00' }],
  ])('split %s', (image, parts) => {
    expect(splitImage(image)).toEqual(parts)
  })
})

describe('versions', () => {
  it.each([
    ['go version go1.26.8 linux/amd64', true],
    ['go version go1.24rc1 linux/amd64', true],
    ['go version go1.19.8 linux/amd64', false],
    ['go version go2.0 linux/amd64', true],
    ['', false],
  ])('of Go: %s', (text, expected) => {
    expect(isNewEnough(text)).toBe(expected)
  })

  it('of modules come from go.mod alone', () => {
    const mod = 'require (\n\tk8s.io/kubernetes v1.34.4\n)\n'
    expect(versionOf(mod, 'k8s.io/kubernetes')).toBe('v1.34.4')
    expect(kubeVersion(mod)).toContain('-X k8s.io/component-base/version.gitVersion=v1.34.4')
    expect(() => versionOf(mod, 'k8s.io/api')).toThrow('k8s.io/api')
  })
})

describe('what is written down', () => {
  it('survives a shell', () => {
    const text = shellVariables({ A: "it's $HOME `x`" }, ['/a folder'])
    const said = execFileSync('sh', ['-c', `${text}printf '%s|%s' "$A" "$PATH"`], { env: { PATH: '/bin' } })
    expect(said.toString()).toBe("it's $HOME `x`|/a folder:/bin")
  })

  it('names the port only where people must', () => {
    expect(urlOf({ domain: 'garden.localhost', port: 443 })).toBe('https://garden.localhost')
    expect(urlOf({ domain: 'garden.localhost', port: 8443 })).toBe('https://garden.localhost:8443')
  })

  it('leaves the ingress class to the cluster when none was named', () => {
    expect(gardenManifest('garden.localhost', '')).not.toContain('ingress')
    expect(gardenManifest('garden.localhost', 'traefik')).toContain('ingress: {className: traefik}')
  })
})
