// Makes decisions true: each step is one write, or several that may be repeated.
import type { Kind, Step } from '../decide/decision.ts'
import { isNotFound } from '../kube/error.ts'
import { resourceOf, resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'
import { type Ca, issueCertificate } from './certificate.ts'
import { type DatabaseDeps, type PostgresStep, performOnDatabase } from './database-steps.ts'

export type StepDeps = Omit<DatabaseDeps, 'server'> & {
  readonly kube: Kube
  readonly server: DatabaseDeps['server'] | undefined
  readonly ca: Ca | undefined
  readonly fieldManager: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly signal: AbortSignal
}

const KINDS = { community: resources.community, configMap: resources.configMap } as const satisfies Record<
  Kind,
  unknown
>

/** Runs group after group; within a group all steps end before an error is thrown, so that none runs on unseen. */
export async function perform(groups: readonly (readonly Step[])[], deps: StepDeps): Promise<void> {
  for (const group of groups) {
    deps.signal.throwIfAborted()
    const results = await Promise.allSettled(group.map((step) => performStep(step, deps)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }
}

async function performStep(step: Step, deps: StepDeps): Promise<void> {
  const { kube, fieldManager } = deps
  switch (step.do) {
    case 'create':
      await kube.create(step.object)
      return
    case 'apply':
      await kube.apply(guarded(step.object, step.live), fieldManager)
      return
    case 'put':
      await put(kube, step.object, step.live)
      return
    case 'patch':
      await kube.patch(KINDS[step.kind], step.name, step.patch)
      return
    case 'delete':
      await remove(kube, step.object)
      return
    case 'issueCertificate': {
      if (!deps.ca) throw new Error('a certificate was decided on without a CA')
      const files = await issueCertificate(deps.ca, step.domain, deps.now())
      const data = Object.fromEntries(
        Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
      )
      await put(kube, { ...step.object, data }, step.live)
      return
    }
    default:
      await onDatabase(step, deps)
  }
}

function onDatabase(step: PostgresStep, { server, prepared, keys }: StepDeps): Promise<void> {
  if (!server) throw new Error(`${step.do} was decided on without a server`)
  return performOnDatabase(step, { server, prepared, keys })
}

/** With the uid that was seen: an object deleted and made by somebody else in the meantime is not taken over. */
const guarded = (object: KubeObject, live: KubeObject | undefined): KubeObject =>
  live?.metadata.uid ? { ...object, metadata: { ...object.metadata, uid: live.metadata.uid } } : object

async function put(kube: Kube, object: KubeObject, live: KubeObject | undefined): Promise<void> {
  if (!live) {
    await kube.create(object)
    return
  }
  const { resourceVersion, uid } = live.metadata
  await kube.replace({
    ...object,
    metadata: { ...object.metadata, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
  })
}

async function remove(kube: Kube, object: KubeObject): Promise<void> {
  const { name, namespace, uid } = object.metadata
  try {
    await kube.delete(resourceOf(object), { name, ...(namespace && { namespace }) }, uid ? { uid } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
