import { run, succeeds } from './run.ts'
import { say, saying } from './say.ts'

/** Installs the Debian packages that are missing, or says what a person has to install. */
export async function aptInstall(packages: readonly string[], why: string): Promise<void> {
  const missing: string[] = []
  for (const name of packages) {
    const state = await run('dpkg', ['--status', name]).catch(() => '')
    if (!state.includes('\nStatus: install ok installed')) missing.push(name)
  }
  if (missing.length === 0) return
  const remedy = `apt-get install ${missing.join(' ')}`
  const able = process.getuid?.() === 0 && (await succeeds('apt-get', ['--version']))
  if (!able) throw new Error(`${why} needs ${missing.join(', ')}; as root on Debian: ${remedy}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await saying(`${remedy} (${why})`, async () => {
    const install = () =>
      run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env })
    await install().catch(async () => {
      say('the package lists may be old: apt-get update')
      await run('apt-get', ['update', '-q'], { env })
      await install()
    })
  })
}
