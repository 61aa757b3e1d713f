import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, hashFiles, hashOf, isCached } from './cache.ts'
import { findGo } from './go-toolchain.ts'
import { run } from './run.ts'
import { saying } from './say.ts'

const source = join(import.meta.dirname, 'go')
const traefik = 'github.com/traefik/traefik/v3'
const programs = {
  kube: './kube',
  coredns: './coredns',
  helm: 'helm.sh/helm/v3/cmd/helm',
  traefik: `${traefik}/cmd/traefik`,
} as const

/** A program that is built from Go modules. */
export type Program = keyof typeof programs

/** Whether a program was built before, so that it is there at once. */
export async function isBuilt(name: Program): Promise<boolean> {
  return isCached(name, await keyOfBuilds())
}

/** The path of a built program, in a folder of its own. */
export async function buildProgram(name: Program): Promise<string> {
  const key = await keyOfBuilds()
  const folder = await cached(name, key, async (out) => {
    const go = await findGo()
    await saying(`Building ${name} from Go modules`, async () => compile(go, name, out))
    if (name === 'kube') await symlink('kube', join(out, 'kubectl'))
  })
  return join(folder, name)
}

async function keyOfBuilds(): Promise<string> {
  return hashOf(await hashFiles(source, import.meta.filename), process.arch)
}

async function compile(go: string, name: Program, out: string): Promise<void> {
  const work = join(out, '.work')
  await cp(source, work, { recursive: true })
  const mod = await readFile(join(work, 'go.mod'), 'utf8')
  await trimTraefik(go, mod, join(work, 'traefik'))
  const flags = ['-s', '-w', ...(name === 'kube' ? kubeVersion(mod) : [])].join(' ')
  // At a low priority, since it takes minutes of every core; the shared packages compile once for all programs.
  const build = ['build', '-trimpath', '-ldflags', flags, '-o', join(out, name), programs[name]]
  await run('nice', ['-n', '10', go, ...build], { cwd: work, env: { CGO_ENABLED: '0', GOFLAGS: '-mod=mod' } })
  await rm(work, { recursive: true, force: true })
}

/** The version of a module that go.mod requires. */
export function versionOf(mod: string, module: string): string {
  const line = mod.split('\n').find((text) => text.trim().startsWith(`${module} v`))
  const version = line?.trim().split(' ')[1]
  if (version === undefined) throw new Error(`go.mod does not require ${module}`)
  return version
}

/** What Kubernetes' own build tells the linker, so that the API server does not call itself v0.0.0. */
export function kubeVersion(mod: string): readonly string[] {
  const version = versionOf(mod, 'k8s.io/kubernetes')
  const [major, minor] = version.slice(1).split('.')
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  return Object.entries(values).flatMap(([key, value]) =>
    ['component-base/version', 'client-go/pkg/version'].map((path) => `-X k8s.io/${path}.${key}=${value}`),
  )
}

// Traefik's module with two changes: its certificates by DNS challenge bring the clients of about 150 hosting
// companies, which is most of what would be compiled and is not wanted here; and its pages are not in the module.
async function trimTraefik(go: string, mod: string, folder: string): Promise<void> {
  const module = `${traefik}@${versionOf(mod, traefik)}`
  const outside = join(folder, '..', '..')
  const { Dir } = JSON.parse(await run(go, ['mod', 'download', '-json', module], { cwd: outside })) as {
    Dir: string
  }
  await cp(Dir, folder, { recursive: true })
  await run('chmod', ['-R', 'u+w', folder])
  await writeFile(join(folder, 'webui/static/index.html'), '')
  await mkdir(join(folder, 'pkg/nodns'))
  await writeFile(join(folder, 'pkg/nodns/dns.go'), noDns)
  const acme = join(folder, 'pkg/provider/acme/provider.go')
  const text = await readFile(acme, 'utf8')
  await writeFile(
    acme,
    text.replace('"github.com/go-acme/lego/v4/providers/dns"', `dns "${traefik}/pkg/nodns"`),
  )
}

const noDns = `package nodns

import (
	"errors"

	"github.com/go-acme/lego/v4/challenge"
)

func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, errors.New("this build has no DNS challenges")
}
`
