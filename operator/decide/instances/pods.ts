// Why an instance does not serve, read from its Deployment and pods: what `kubectl describe` would have to be asked for.
import type { KubeObject } from '../../kube/types.ts'
import type { Refusal } from '../snapshot.ts'

type Waiting = { reason?: string; message?: string }
type ContainerStatus = {
  ready?: boolean
  restartCount?: number
  state?: { waiting?: Waiting; running?: object }
  lastState?: { terminated?: { exitCode?: number; reason?: string } }
}
type PodStatus = {
  phase?: string
  conditions?: { type: string; status: string; reason?: string; message?: string }[]
  containerStatuses?: ContainerStatus[]
}
export type DeploymentStatus = {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  unavailableReplicas?: number
  conditions?: { type: string; status: string; reason?: string; message?: string }[]
}

const IMAGE = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'ImageInspectError',
  'SignatureValidationFailed',
])
const VOLUME = new Set(['FailedMount', 'FailedAttachVolume', 'FailedMapVolume'])
const CRASH = new Set(['CrashLoopBackOff', 'RunContainerError', 'StartError'])

export const deploymentStatus = (deployment: KubeObject | undefined): DeploymentStatus =>
  Object(deployment?.status)

/** Does a pod serve now? */
export const serves = (deployment: KubeObject | undefined): boolean =>
  (deploymentStatus(deployment).readyReplicas ?? 0) > 0

/** Do all pods have the wanted template, and serve? */
export function rolledOut(deployment: KubeObject | undefined): boolean {
  if (!deployment) return false
  const {
    observedGeneration = 0,
    replicas = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
  } = deploymentStatus(deployment)
  return (
    observedGeneration >= (deployment.metadata.generation ?? 0) &&
    updatedReplicas > 0 &&
    replicas === updatedReplicas &&
    readyReplicas === replicas
  )
}

/**
 * Are pods that were there before being replaced? Not: a first start, a pod that fell ill by itself, or a rollout that is
 * past its deadline. Those may last for ever, and nobody else is to wait for them.
 */
export function isRolling(deployment: KubeObject): boolean {
  const { generation = 1 } = deployment.metadata
  if (generation === 1 || stuck(deployment)) return false
  const {
    observedGeneration = 0,
    replicas = 0,
    updatedReplicas = 0,
    conditions,
  } = deploymentStatus(deployment)
  const progress = conditions?.find(({ type }) => type === 'Progressing')?.reason
  return (
    observedGeneration < generation ||
    updatedReplicas < replicas ||
    (progress !== undefined && progress !== 'NewReplicaSetAvailable')
  )
}

/** Past its deadline. */
export const stuck = (deployment: KubeObject | undefined): boolean =>
  (deploymentStatus(deployment).conditions ?? []).some(
    ({ type, status }) => type === 'Progressing' && status === 'False',
  )

/** The gravest reason that the cluster gives; undefined when nothing is wrong but time. */
export function whyNotServing(
  deployment: KubeObject | undefined,
  pods: readonly KubeObject[],
  warnings: readonly { readonly reason: string; readonly message: string }[],
): Refusal | undefined {
  const failed = (deploymentStatus(deployment).conditions ?? []).find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  )
  if (failed) {
    const message = failed.message ?? ''
    return /exceeded quota|quota/.test(message)
      ? {
          reason: 'QuotaExceeded',
          message: `no pod may be made (${message}): raise the namespace's ResourceQuota, or lower spec.resources`,
        }
      : { reason: 'Refused', message: `no pod may be made: ${message}` }
  }
  for (const pod of pods) {
    const why = whyPod(pod, warnings)
    if (why) return why
  }
  if (stuck(deployment))
    return { reason: 'RolloutStuck', message: 'the new pod does not become ready; the pods before it go on' }
  return undefined
}

function whyPod(
  pod: KubeObject,
  warnings: readonly { readonly reason: string; readonly message: string }[],
): Refusal | undefined {
  const status: PodStatus = Object(pod.status)
  const unscheduled = status.conditions?.find(
    ({ type, status: holds }) => type === 'PodScheduled' && holds === 'False',
  )
  if (unscheduled)
    return {
      reason: 'Unschedulable',
      message: `no node takes the pod (${unscheduled.message ?? unscheduled.reason}): add room to the cluster, or lower spec.resources.requests`,
    }
  const [container] = status.containerStatuses ?? []
  const waiting = container?.state?.waiting
  if (waiting?.reason && IMAGE.has(waiting.reason))
    return {
      reason: 'ImageUnavailable',
      message: `the image cannot be pulled (${waiting.reason}: ${short(waiting.message)}): check the chart's image values and the pull Secrets of this namespace`,
    }
  if (waiting?.reason === 'CreateContainerConfigError' || waiting?.reason === 'CreateContainerError')
    return { reason: 'VolumeUnavailable', message: `the pod cannot start: ${short(waiting.message)}` }
  if (
    (waiting?.reason && CRASH.has(waiting.reason)) ||
    ((container?.restartCount ?? 0) > 2 && !container?.ready)
  ) {
    const last = container?.lastState?.terminated
    return {
      reason: 'Crashing',
      message: `the process ends again and again (${last?.reason ?? 'exit'} ${last?.exitCode ?? ''}): see \`kubectl -n ${pod.metadata.namespace} logs ${pod.metadata.name} --previous\``,
    }
  }
  if (status.phase === 'Pending') {
    const volume = warnings.find(({ reason }) => VOLUME.has(reason))
    if (volume)
      return { reason: 'VolumeUnavailable', message: `a volume cannot be mounted: ${short(volume.message)}` }
    const other = warnings.find(({ reason }) => reason === 'FailedCreatePodSandBox')
    if (other) return { reason: 'Refused', message: `the pod cannot start: ${short(other.message)}` }
  }
  return undefined
}

const short = (message: string | undefined): string => (message ?? '').slice(0, 500)
