// What a rebuild of a directory rests on: the directory as it was restored, and what each home says of itself.
import type { Seen } from '../../instance/directory/regression.ts'

/** A member as a home has them: people who are only coming or going are not among them. */
export type Resident = {
  readonly id: string
  readonly handle: string
  readonly state: 'pending' | 'active' | 'suspended' | 'frozen'
  readonly epoch: number
  readonly role: string
  /** Of a sign-up that is not over. */
  readonly signupToken: string | null
  readonly expiresAt: string | null
}

/** A home's own memory of a move. */
export type LocalMove = {
  readonly id: string
  readonly side: 'source' | 'target'
  readonly member: string
  /** The member's name, where this home has a row of theirs: their own, or one that is staged or kept aside. */
  readonly handle: string | null
  /** Ordinal of the home at the other side; 0: not known. */
  readonly other: number
  readonly epoch: number
  readonly attempt: number
  readonly state: string
  /** The member waits to be let go: their home has seen a directory in which the move was switched. */
  readonly left: boolean
  readonly createdAt: string
  readonly changedAt: string
}

export type HomeReport = {
  readonly ordinal: number
  readonly cap: number
  /** The newest directory that this home knew. */
  readonly seen: Seen
  readonly residents: readonly Resident[]
  readonly moves: readonly LocalMove[]
}

export type OldMember = {
  readonly id: string
  readonly handle: string
  readonly home: number
  readonly epoch: number
  readonly state: 'pending' | 'active' | 'deleted'
}

export type OldMove = {
  readonly id: string
  readonly member: string
  readonly source: number
  readonly target: number
  readonly epoch: number
  readonly attempt: number
  readonly step: string
}

export type InstanceState = 'Opening' | 'Active' | 'Draining' | 'Retired'

export type OldDirectory = {
  readonly instances: readonly { readonly ordinal: number; readonly state: InstanceState }[]
  readonly members: readonly OldMember[]
  readonly moves: readonly OldMove[]
}
