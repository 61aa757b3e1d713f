// Hamlet in the cluster of the test run, as an operator and as visitors see it.

import { until } from '../cluster/build/run.ts'
import { kubectl } from '../cluster/build/tools.ts'
import { type Cluster, forTests } from '../cluster/cluster.ts'
import { appImage } from '../cluster/images/app-image.ts'
import { authority } from '../cluster/install/ca.ts'
import { held } from '../cluster/install/community.ts'
import { installHamlet } from '../cluster/install/install.ts'
import { startCluster } from '../cluster/kinds/start.ts'
import { type Page, type Site, type Visitor, visitor } from '../visitor/visitor.ts'

export const PASSWORD = 'correct horse battery staple'

export type CommunityObject = {
  metadata: { name: string; uid: string; generation: number }
  spec: { domain: string }
  status?: {
    observedGeneration?: number
    members?: number
    seats?: number
    free?: number
    instances?: number
    waiting?: number
    conditions?: {
      type: string
      status: string
      reason: string
      message: string
      observedGeneration?: number
    }[]
  }
}

export type InstanceObject = {
  metadata: { name: string }
  status?: { members?: number; cap?: number; conditions?: { type: string; status: string }[] }
}

export type RebalanceObject = {
  metadata: { name: string }
  status?: { phase?: string; planned?: number; moved?: number; failed?: number; left?: number }
}

export type Hamlet = {
  readonly cluster: Cluster
  /** Upgrades the release, with the chart's values at these paths on top of the usual ones. */
  install(values?: Readonly<Record<string, unknown>>): Promise<void>
  /** Runs kubectl in namespace `default` and returns what it printed; throws with what it complained of. */
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** Applies a Community of this name at `<name>.localhost`; the spec is added to a usual one. */
  apply(name: string, spec?: object, annotations?: Record<string, string>): Promise<void>
  /** Waits for a Community's condition to be True for the generation that was applied last. */
  ready(name: string): Promise<CommunityObject>
  read(name: string): Promise<CommunityObject | undefined>
  /** The objects of a kind that belong to a Community. */
  list<T>(kind: string, name: string): Promise<T[]>
  site(name: string): Site
  /** The path of the organiser's one-time link. */
  invitation(name: string): Promise<string>
  /** Deletes a Community with its data and waits until it is gone. */
  remove(name: string): Promise<void>
}

/** Installs Hamlet into the run's cluster, or finds it there. */
export async function hamlet(): Promise<Hamlet> {
  const cluster = await startCluster(forTests)
  const { folder } = forTests
  const image = await appImage(cluster.images.appBase)
  await cluster.loadImage(image)
  const install = (values: Readonly<Record<string, unknown>> = {}) =>
    installHamlet(cluster, { image, folder, values })
  await install()
  const { cert } = await authority(folder)
  const kubeconfig = cluster.kubeconfigPath
  const run = (args: readonly string[], input?: string) =>
    kubectl(['--namespace', 'default', ...args], { kubeconfig, ...(input === undefined ? {} : { input }) })
  const domainOf = (name: string) => `${name}.localhost`

  const read = async (name: string) => {
    const text = await run(['get', 'community', name, '--ignore-not-found', '--output', 'json'])
    return text === '' ? undefined : (JSON.parse(text) as CommunityObject)
  }
  const apply = async (name: string, spec: object = {}, annotations: Record<string, string> = {}) => {
    const object = {
      apiVersion: 'hamlet.coop/v1alpha1',
      kind: 'Community',
      metadata: { name, annotations },
      spec: {
        domain: domainOf(name),
        title: `The ${name}`,
        ingress: { className: cluster.ingressClass },
        ...spec,
      },
    }
    await run(['apply', '--server-side', '--force-conflicts', '--filename', '-'], JSON.stringify(object))
  }
  const ready = (name: string) =>
    until(`${name} to be ready`, 120, async () => {
      const community = await read(name)
      const found = community?.status?.conditions?.find((one) => one.type === 'Ready')
      if (community?.status?.observedGeneration !== community?.metadata.generation) return undefined
      return found?.status === 'True' ? community : undefined
    }).catch(async (error) => {
      const said = (await read(name))?.status?.conditions?.map(
        (one) => `${one.type}=${one.status} ${one.message}`,
      )
      throw new Error(`${name} did not become ready:\n${said?.join('\n')}`, { cause: error })
    })

  return {
    cluster,
    install,
    kubectl: run,
    apply,
    ready,
    read,
    list: async <T>(kind: string, name: string) => {
      const ask = ['get', kind, '--selector', `hamlet.coop/community=${name}`, '--output', 'json']
      return (JSON.parse(await run(ask)) as { items: T[] }).items
    },
    site: (name) => ({ domain: domainOf(name), port: cluster.ports?.https ?? 443, ca: cert }),
    invitation: async (name) => {
      const encoded = await until(`the invitation of ${name}`, 60, async () => {
        const ask = [
          'get',
          'secret',
          `${name}-invitation`,
          '--ignore-not-found',
          '--output',
          'jsonpath={.data.link}',
        ]
        return (await run(ask)) || undefined
      })
      return new URL(Buffer.from(encoded, 'base64').toString()).pathname
    },
    remove: async (name) => {
      if (!(await read(name))) return
      const confirm = `hamlet.coop/confirm-delete=${domainOf(name)}`
      await run([
        'patch',
        'community',
        name,
        '--type',
        'merge',
        '--patch',
        '{"spec":{"deletionPolicy":"Delete"}}',
      ])
      await run(['annotate', 'community', name, confirm, '--overwrite'])
      // One whose domain is another's has nothing that could be removed, and is never held.
      const foreign = (await read(name))?.status?.conditions?.some(({ reason }) => reason === 'DomainTaken')
      if (!foreign) await run(['wait', 'community', name, held, '--timeout', '60s'])
      await run(['delete', 'community', name, '--timeout', '120s'])
    },
  }
}

const fillIn = (person: Visitor, form: Page, handle: string): Promise<Page> =>
  person.submit(form, '/sign-up', { handle, display_name: handle, password: PASSWORD })

/** Signs somebody up by the form, at the front door or by an invitation's link; the page after it. */
export async function signUp(person: Visitor, handle: string, link = '/sign-up'): Promise<Page> {
  return fillIn(person, await person.get(link), handle)
}

/** A new person with an account, who tries again where they are asked to. Throws where the community had no seat. */
export async function member(site: Site, handle: string, link = '/sign-up'): Promise<Visitor> {
  const person = visitor(site)
  const form = await until(`${link} to be served`, 30, async () => {
    const page = await person.get(link)
    return page.status === 503 ? undefined : page
  })
  // The same form again, as a browser's "Back" has it: a new one would be somebody else who wants this name.
  let page = await fillIn(person, form, handle)
  for (let tries = 1; page.status === 503 && tries < 10; tries++) {
    await new Promise((wake) => setTimeout(wake, 1000))
    page = await fillIn(person, form, handle)
  }
  if (page.status !== 200 || page.path.startsWith('/sign-up')) {
    throw new Error(
      `${handle} could not sign up: ${page.status} ${page.path}\n${page.html.text.slice(0, 600)}`,
    )
  }
  return person
}

/** Writes a post from the home page and returns the page after it. */
export async function post(person: Visitor, text: string, visibility = 'public'): Promise<Page> {
  return person.submit(await person.get('/home'), '/posts', { text, visibility })
}

/** Waits until a page shows a text, or no longer does. */
export function shows(
  person: Visitor,
  path: string,
  text: string,
  shown = true,
  seconds = 30,
): Promise<Page> {
  return until(`${path} to ${shown ? 'show' : 'lose'} "${text}"`, seconds, async () => {
    const page = await person.get(path)
    return page.status === 200 && page.html.text.includes(text) === shown ? page : undefined
  })
}
