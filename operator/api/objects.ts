// From what the API server sends to typed objects: checked, with every default filled in.
import type { z } from 'zod'
import type { KubeObject } from '../kube/types.ts'
import { communityNameRules, communitySpec, communityStatus } from './community.ts'
import { instanceSpec, instanceStatus } from './instance.ts'
import { rebalanceSpec, rebalanceStatus } from './rebalance.ts'

export const GROUP = 'hamlet.coop'
export const API_VERSION = `${GROUP}/v1alpha1`

/** Annotation: the domain, typed again by someone who wants the data gone. */
export const CONFIRM_DELETE = `${GROUP}/confirm-delete`
/** Annotation: the code of members who are missing in a database, by someone who gives them up for ever. */
export const GIVE_UP = `${GROUP}/give-up-missing`
/** Annotation: the code of names that several members hold, by someone who gives up all but the first of each. */
export const GIVE_UP_NAMESAKES = `${GROUP}/give-up-namesakes`
/** Labels of everything made for a community, and for one of its instances. */
export const COMMUNITY_LABEL = `${GROUP}/community`
export const INSTANCE_LABEL = `${GROUP}/instance`

type Metadata = KubeObject['metadata'] & { namespace: string; uid: string; generation: number }

type RawCommunitySpec = z.output<typeof communitySpec>

/** `spec` with nothing left open: `title` and `seats.minFree` have the defaults that depend on other fields. */
export type CommunitySpec = Omit<RawCommunitySpec, 'title' | 'seats'> & {
  title: string
  seats: Omit<RawCommunitySpec['seats'], 'minFree'> & { minFree: number }
}
export type CommunityStatus = z.output<typeof communityStatus>
export type Community = {
  apiVersion: string
  kind: 'Community'
  metadata: Metadata
  spec: CommunitySpec
  status: CommunityStatus
}

export type InstanceSpec = z.output<typeof instanceSpec>
export type InstanceStatus = z.output<typeof instanceStatus>
export type InstanceState = InstanceSpec['state']
export type Instance = {
  apiVersion: string
  kind: 'Instance'
  metadata: Metadata
  spec: InstanceSpec
  status: InstanceStatus
}

export type RebalanceSpec = z.output<typeof rebalanceSpec>
export type RebalanceStatus = z.output<typeof rebalanceStatus>
export type Rebalance = {
  apiVersion: string
  kind: 'Rebalance'
  metadata: Metadata
  spec: RebalanceSpec
  status: RebalanceStatus
}

/** One thing that is wrong with an object: the field, and what to do about it. */
export type Problem = { field: string; message: string }
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] }

/**
 * A Community as the operator works with it. The CRD has already refused what does not fit; this check is for objects
 * that were stored under an older CRD. A status that cannot be read counts as none: it is rewritten anyway.
 */
export function parseCommunity(object: KubeObject): Parsed<Community> {
  const metadata = metadataOf(object)
  const spec = communitySpec.safeParse(object.spec ?? {})
  const problems = [
    ...communityNameRules
      .filter(({ check }) => !check(object.metadata.name))
      .map(({ message }) => ({ field: 'metadata.name', message })),
    ...problemsOf(spec.error),
  ]
  if (!spec.success || problems.length > 0) return { ok: false, problems }
  const { perInstance, minFree } = spec.data.seats
  return {
    ok: true,
    value: {
      apiVersion: object.apiVersion,
      kind: 'Community',
      metadata,
      spec: {
        ...spec.data,
        title: spec.data.title?.trim() || spec.data.domain,
        seats: { ...spec.data.seats, minFree: minFree ?? Math.max(1, Math.floor(perInstance / 10)) },
      },
      status: communityStatus.safeParse(object.status ?? {}).data ?? {},
    },
  }
}

/** An Instance as the operator works with it. */
export function parseInstance(object: KubeObject): Parsed<Instance> {
  const metadata = metadataOf(object)
  const spec = instanceSpec.safeParse(object.spec ?? {})
  if (!spec.success) return { ok: false, problems: problemsOf(spec.error) }
  return {
    ok: true,
    value: {
      apiVersion: object.apiVersion,
      kind: 'Instance',
      metadata,
      spec: spec.data,
      status: instanceStatus.safeParse(object.status ?? {}).data ?? {},
    },
  }
}

/** A Rebalance as the operator works with it. */
export function parseRebalance(object: KubeObject): Parsed<Rebalance> {
  const metadata = metadataOf(object)
  const spec = rebalanceSpec.safeParse(object.spec ?? {})
  if (!spec.success) return { ok: false, problems: problemsOf(spec.error) }
  return {
    ok: true,
    value: {
      apiVersion: object.apiVersion,
      kind: 'Rebalance',
      metadata,
      spec: spec.data,
      status: rebalanceStatus.safeParse(object.status ?? {}).data ?? {},
    },
  }
}

/** For a condition or a log line. */
export const describeProblems = (problems: readonly Problem[]): string =>
  problems.map(({ message }) => message).join('; ')

function metadataOf({ metadata }: KubeObject): Metadata {
  return {
    ...metadata,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
  }
}

function problemsOf(error: z.ZodError | undefined): Problem[] {
  return (error?.issues ?? []).map((issue) => {
    const field = ['spec', ...issue.path].map(String).join('.')
    // Our own messages begin with the field; zod's do not.
    return {
      field,
      message: issue.message.startsWith('spec.') ? issue.message : `${field}: ${issue.message}`,
    }
  })
}
