// What is to be done and said, as plain data. Steps of one group may run at the same time; groups run in order.
import type { Finding } from '../api/conditions.ts'
import type { KubeObject, ObjectName } from '../kube/types.ts'
import type { DirectorySettings } from './snapshot.ts'

/** Changes of a directory, made in order over one connection. */
export type DirectoryChange =
  | {
      readonly change: 'identify'
      readonly domain: string
      readonly prefix: string
      readonly existed: boolean
    }
  | { readonly change: 'keys' }
  | { readonly change: 'settings'; readonly settings: DirectorySettings }
  | {
      readonly change: 'addInstance'
      readonly ordinal: number
      readonly cap: number
      readonly address: string
    }
  | {
      readonly change: 'setInstance'
      readonly ordinal: number
      readonly cap: number
      readonly address: string
    }
  | { readonly change: 'activate'; readonly ordinal: number }
  /** It is not to be emptied after all. */
  | { readonly change: 'reopen'; readonly ordinal: number }
  | { readonly change: 'drain'; readonly ordinal: number; readonly cause: 'Asked' | 'Fewer' }
  | { readonly change: 'retire'; readonly ordinal: number }
  | { readonly change: 'inviteOrganiser'; readonly hash: string }

export type DatabaseStep = {
  readonly name: string
  readonly kind: 'directory' | 'instance'
  readonly password: string
  readonly existed: boolean
  readonly connections: number
}

/** A directory that is older than what its homes have seen, to be made whole from what they say. */
export type RebuildOrder = {
  /** The directory's database. */
  readonly name: string
  readonly homes: readonly { readonly ordinal: number; readonly name: string }[]
  /** Ordinals that were emptied for good. */
  readonly retired: readonly number[]
  /** Internal ports, by ordinal. */
  readonly addresses: readonly { readonly ordinal: number; readonly address: string }[]
  /** Whom to tell how to go on where it cannot be done. */
  readonly community: { readonly namespace: string; readonly name: string }
  /** The code of the names whose later holders somebody has given up. */
  readonly givenUp: string | undefined
}

export type Step =
  /** Create only. */
  | { readonly do: 'create'; readonly object: KubeObject }
  /** Server-side apply, skipped when `live` has it all. */
  | { readonly do: 'apply'; readonly object: KubeObject; readonly live: KubeObject | undefined }
  /** Create when there is none, else replace exactly the version that was seen. */
  | { readonly do: 'put'; readonly object: KubeObject; readonly live: KubeObject | undefined }
  | { readonly do: 'patch'; readonly kind: Kind; readonly name: ObjectName; readonly patch: object }
  | { readonly do: 'delete'; readonly object: KubeObject }
  | { readonly do: 'makeDatabase'; readonly database: DatabaseStep }
  | { readonly do: 'changeDirectory'; readonly name: string; readonly changes: readonly DirectoryChange[] }
  | {
      readonly do: 'identifyHome'
      readonly name: string
      readonly identity: { readonly domain: string; readonly prefix: string; readonly ordinal: number }
      readonly cap: number
      readonly existed: boolean
    }
  | { readonly do: 'rebuildDirectory'; readonly order: RebuildOrder }
  /** Members who are missing in a home's database have left for ever, if they are those of the code. */
  | {
      readonly do: 'giveUpMissing'
      readonly directory: string
      readonly home: { readonly ordinal: number; readonly name: string }
      /** All that may have a copy of somebody. */
      readonly homes: readonly { readonly ordinal: number; readonly name: string }[]
      readonly code: string
    }
  | { readonly do: 'setCap'; readonly name: string; readonly cap: number }
  | {
      readonly do: 'issueCertificate'
      readonly domain: string
      readonly object: KubeObject
      readonly live: KubeObject | undefined
    }
  | { readonly do: 'dropDatabases'; readonly prefix: string }
  /** Of an instance that was retired: dropped, or kept and closed to its role. Nothing happens to one that is not empty. */
  | { readonly do: 'retireDatabase'; readonly name: string; readonly keep: boolean }

export type Kind = 'community' | 'configMap'

export type Decision<Condition extends string, Counts> = {
  readonly groups: readonly (readonly Step[])[]
  readonly findings: readonly Finding<Condition>[]
  readonly counts: Counts
  readonly events: readonly Event[]
  /** Look again after this long, if nothing happens before. */
  readonly requeueAfterMs: number
}

/** Told once, when the steps were done. */
export type Event = { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

/** Groups without the empty ones. */
export const inOrder = (...groups: readonly (readonly Step[])[]): Step[][] =>
  groups.filter((group) => group.length > 0).map((group) => [...group])
