import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptInstall } from './apt.ts'
import { cached } from './cache.ts'
import { run } from './run.ts'
import { saying } from './say.ts'

const oldest = [1, 24] as const
const version = '1.25.6'

/** The path of a Go new enough for Kubernetes: the machine's own, or else one that the Go module proxy holds. */
export async function findGo(): Promise<string> {
  if (isNewEnough(await goVersion())) return 'go'
  const folder = await cached('go', version, fetchToolchain)
  return join(folder, 'bin/go')
}

/** Whether the text that `go version` printed names a version that can build the cluster. */
export function isNewEnough(text: string): boolean {
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(text) ?? []
  if (major === undefined || minor === undefined) return false
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
}

// Toolchains are modules too (golang.org/toolchain), so any Go at all, even Debian's 1.19, can fetch a new one.
async function fetchToolchain(folder: string): Promise<void> {
  if ((await goVersion()) === '')
    await aptInstall(['golang-go', 'ca-certificates'], 'building the test cluster')
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const module = `golang.org/toolchain@v0.0.1-go${version}.linux-${arch}`
  const outside = await mkdtemp(join(tmpdir(), 'hamlet-go-'))
  try {
    const answer = await saying(`Fetching Go ${version}`, () =>
      run('go', ['mod', 'download', '-json', module], {
        cwd: outside,
        env: { GO111MODULE: 'on', GOFLAGS: '' },
      }),
    )
    const { Dir } = JSON.parse(answer) as { Dir: string }
    await cp(Dir, folder, { recursive: true })
  } finally {
    await rm(outside, { recursive: true, force: true })
  }
  await makeUsable(folder)
}

// The module cache is read-only and has no executable files; a Go toolchain needs both changed.
async function makeUsable(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isProgram = /\/(bin|pkg\/tool\/[^/]+)$/.test(entry.parentPath)
    await chmod(path, entry.isDirectory() || isProgram ? 0o755 : 0o644)
  }
}

async function goVersion(): Promise<string> {
  return run('go', ['version'], { cwd: tmpdir() }).catch(() => '')
}
