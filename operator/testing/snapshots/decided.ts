// What was decided on a community, in the parts that tests ask for.
import fc from 'fast-check'
import { decideCommunity } from '../../decide/community/decide.ts'
import type { DirectoryChange, Step } from '../../decide/decision.ts'
import type { CommunitySnapshot } from '../../decide/snapshot.ts'
import { snapshots } from './arbitrary.ts'
import { NOW } from './community.ts'

export const decide = (snapshot: CommunitySnapshot) => decideCommunity(snapshot, NOW)
export const steps = (snapshot: CommunitySnapshot): Step[] => decide(snapshot).groups.flat()
export const changes = (snapshot: CommunitySnapshot): DirectoryChange[] =>
  steps(snapshot).flatMap((step) => (step.do === 'changeDirectory' ? step.changes : []))
export const created = (snapshot: CommunitySnapshot): number[] =>
  steps(snapshot).flatMap((step) =>
    step.do === 'apply' && step.object.kind === 'Instance' && !step.live
      ? [Number(Object(step.object.spec).ordinal)]
      : [],
  )
export const reason = (snapshot: CommunitySnapshot, type = 'Ready') =>
  decide(snapshot).findings.find((finding) => finding.type === type)?.reason
export const everywhere = (check: (snapshot: CommunitySnapshot) => void) =>
  fc.assert(fc.property(snapshots, check), { numRuns: 1000 })

/** Every Community patch that was decided on: the finalizers that it leaves. */
export const holds = (snapshot: CommunitySnapshot): string[][] =>
  steps(snapshot).flatMap((step) =>
    step.do === 'patch' && step.kind === 'community' ? [Object(Object(step.patch).metadata).finalizers] : [],
  )
