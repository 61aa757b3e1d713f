import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aptInstall } from './apt.ts'
import { cached, hashFiles, hashOf } from './cache.ts'
import { run } from './run.ts'
import { saying } from './say.ts'

const nodePackages =
  'ca-certificates,containerd,runc,containernetworking-plugins,iptables,conntrack,iproute2,ethtool,socat,kmod,procps,openssl'

type Debian = { readonly node: string; readonly libraries: string; readonly key: string }

/** Debian with what a Kubernetes node needs, as a tar file, and a folder of the few libraries programs link to. */
export async function debian(): Promise<Debian> {
  const key = hashOf(nodePackages, process.arch, await hashFiles(import.meta.filename))
  const folder = await cached('debian', key, async (out) => {
    await aptInstall(['debootstrap', 'ca-certificates'], 'making images without a registry')
    const fs = join(out, 'fs')
    await saying('Downloading a small Debian (debootstrap)', async () => {
      await run('debootstrap', ['--variant=minbase', `--include=${nodePackages}`, 'bookworm', fs])
    })
    const heavy = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/lib/apt/lists', 'var/cache/apt']
    for (const path of heavy) await rm(join(fs, path), { recursive: true, force: true })
    await run('tar', ['-C', fs, '-cf', join(out, 'node.tar'), '.'])
    await copyLibraries(fs, join(out, 'libraries'))
    await rm(fs, { recursive: true, force: true })
  })
  return { node: join(folder, 'node.tar'), libraries: join(folder, 'libraries'), key }
}

// The C and C++ libraries, certificates and the files that name users: no shell, nothing else to keep up to date.
async function copyLibraries(fs: string, to: string): Promise<void> {
  const listed = await run('dpkg', [`--root=${fs}`, '-L', 'libc6', 'libstdc++6', 'libgcc-s1'])
  const paths = listed.split('\n').filter((path) => /\.so[.\d]*$/.test(path) && !path.includes('/gconv/'))
  const list = [
    ...paths.map((path) => (path.startsWith('/lib') ? `/usr${path}` : path)),
    '/etc/ssl/certs/ca-certificates.crt',
  ]
  await mkdir(join(to, 'tmp'), { recursive: true })
  await run('tar', ['-C', fs, '-cf', join(to, 'files.tar'), ...new Set(list.map((path) => `.${path}`))])
  await run('tar', ['-C', to, '-xf', join(to, 'files.tar')])
  await rm(join(to, 'files.tar'))
  for (const name of ['lib', 'lib64']) await symlink(`usr/${name}`, join(to, name))
  const people = [
    ['root', 0],
    ['postgres', 999],
    ['hamlet', 1000],
  ] as const
  await writeFile(
    join(to, 'etc/passwd'),
    people.map(([name, id]) => `${name}:x:${id}:${id}::/tmp:/bin/sh\n`).join(''),
  )
  await writeFile(join(to, 'etc/group'), people.map(([name, id]) => `${name}:x:${id}:\n`).join(''))
  await writeFile(join(to, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  await run('chmod', ['1777', join(to, 'tmp')])
}
