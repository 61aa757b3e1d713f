import { join } from 'node:path'
import { say } from '../build/say.ts'
import { helm, kubectl } from '../build/tools.ts'
import { madeBy } from '../labels.ts'
import { garden, held } from './community.ts'
import { release } from './install.ts'

/** Takes back what `up` put into a cluster of the user's: only what has our label, with data only of the example. */
export async function clearContext(folder: string): Promise<void> {
  const kubeconfig = join(folder, 'kubeconfig')
  const ours = ['--selector', `${madeBy}=up`, '--ignore-not-found']
  const run = (args: readonly string[]) => kubectl(args, { kubeconfig })
  const definitions = await run(['get', 'crd', ...ours, '--output', 'name'])
  const hooks: string[] = []
  if (definitions.includes('communities.hamlet.coop')) {
    await confirmDeletion(run)
    await run(['delete', 'communities', '--namespace', garden.namespace, ...ours, '--timeout', '180s'])
    const others = await run(['get', 'communities', '--all-namespaces', '--output', 'name'])
    if (others !== '') {
      throw new Error(`Communities of yours are left, so Hamlet stays; delete them first:\n${others}`)
    }
    // The chart's own look for Communities needs an image, which may be what `up` failed for.
    hooks.push('--no-hooks')
  }
  const namespace = await run(['get', 'namespace', release.namespace, '--ignore-not-found', '--show-labels'])
  if (namespace.includes(`${madeBy}=up`)) {
    await helm(
      [
        ...['uninstall', release.name, '--namespace', release.namespace],
        ...['--ignore-not-found', '--wait', ...hooks],
      ],
      {
        kubeconfig,
      },
    )
    await run(['delete', 'namespace', release.namespace, '--timeout', '180s'])
  }
  if (definitions !== '') await run(['delete', 'crd', ...ours, '--timeout', '60s'])
  say('Only what had the label of `up` was removed')
}

// Data goes only when the Community itself says so, with its domain as the confirmation.
async function confirmDeletion(run: (args: readonly string[]) => Promise<string>): Promise<void> {
  const where = ['community', garden.name, '--namespace', garden.namespace]
  // A Community of the same name that somebody else applied is theirs, with the policy that they chose.
  const mine = ['get', 'community', '--namespace', garden.namespace, '--selector', `${madeBy}=up`]
  const domain = await run([
    ...mine,
    '--field-selector',
    `metadata.name=${garden.name}`,
    '--output',
    'jsonpath={.items[*].spec.domain}',
  ])
  if (domain === '') return
  await run(['annotate', ...where, '--overwrite', `hamlet.coop/confirm-delete=${domain}`])
  await run(['patch', ...where, '--type', 'merge', '--patch', '{"spec":{"deletionPolicy":"Delete"}}'])
  // Deleted before the operator has seen it, the data would stay. An operator that does not run must not keep the rest.
  await run(['wait', ...where, held, '--timeout', '30s']).catch(() => undefined)
}
