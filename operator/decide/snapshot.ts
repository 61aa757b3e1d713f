// What was seen of the world, as plain data: everything that a decision may rest on.
import type { Community, Instance, Rebalance } from '../api/objects.ts'
import type { Reason } from '../api/reasons.ts'
import type { Claim } from '../build/data/claim.ts'
import type { Endpoint } from '../build/database-url.ts'
import type { KubeObject } from '../kube/types.ts'

/** Why something cannot be, with the remedy. */
export type Refusal = { readonly reason: Reason; readonly message: string }

/** Of the operator's configuration, what objects are made from. */
export type Settings = {
  /** The operator's own, where claims are. */
  readonly namespace: string
  readonly image: string
  readonly pullPolicy: string
  readonly logLevel: string
  readonly ingressClass: string
  readonly egressAllow: readonly string[]
  readonly egressHosts: string
  /** Where instances of a community post an empty wake. */
  readonly wakeUrl: string
}

/** The PostgreSQL server that a community's data is on. `endpoint` may be known though nothing answers there. */
export type ServerFacts =
  | {
      readonly ok: true
      readonly endpoint: Endpoint
      readonly systemIdentifier: string
      /** Instances that its connections are enough for, and instances that have a database there. */
      readonly carries: number
      readonly placed: number
    }
  | { readonly ok: false; readonly endpoint: Endpoint | undefined; readonly refusal: Refusal }

/**
 * A database as it was found. Unknown is not empty: nothing is made, opened or dropped on the ground of it. `facts` are
 * undefined in a database that is not finished; `pending` counts migrations that are to run. `identified` is whether it says
 * whose it is, which every one that was in use does; undefined when nobody could look into it.
 */
export type DatabaseState<Facts> =
  | { readonly state: 'unknown'; readonly refusal: Refusal }
  | {
      readonly state: 'known'
      readonly there: boolean
      /** Its rights and its role are as they should be. */
      readonly ready: boolean
      readonly pending: number
      readonly identified: boolean | undefined
      readonly facts: Facts | undefined
    }

export type DirectoryInstance = {
  readonly ordinal: number
  readonly cap: number
  readonly taken: number
  /** Of these, seats that are given back when the moves that are under way have ended. */
  readonly leaving: number
  readonly state: 'Opening' | 'Active' | 'Draining' | 'Retired'
  readonly address: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Why it is emptied: spec.drain names it, or fewer instances would do. */
  readonly drainedFor: 'Asked' | 'Fewer' | null
  /** When its state last changed, and when a move from or to it last changed; milliseconds since 1970, null: never. */
  readonly stateSince: number
  readonly movedAt: number | null
  /** Anybody ever lived or signed up there, or was to move from or to it. */
  readonly used: boolean
}
export type DirectorySettings = {
  readonly title: string
  readonly description: string
  readonly registration: string
  readonly per_instance: number
  readonly sign_ups_per_hour: number
  readonly log_ins_per_hour: number
  readonly posts_per_hour: number
  readonly max_instances: number
  /** Newcomers get no seat that members who have to move need. */
  readonly keep_seats: boolean
  /** Of a Rebalance that waits for approval: how many would move, if that is known, and its reason. */
  readonly proposed_moves: number | null
  readonly proposed_reason: string | null
}
export type DirectoryFacts = {
  /** Whose it is; undefined before its rows were written. */
  readonly identity: { readonly domain: string; readonly prefix: string } | undefined
  /** Which directory this is: rebuilding begins a new incarnation, and every change has a revision of its own. */
  readonly incarnation: number
  readonly revision: string
  readonly settings: DirectorySettings | undefined
  readonly instances: readonly DirectoryInstance[]
  /** Active members. */
  readonly members: number
  readonly waiting: number
  /** Organisers, and people who are becoming one just now. */
  readonly organisers: number
  readonly arriving: number
  /** Organiser invitations that the operator made: SHA-256 of the token in hexadecimal, and how often it still works. */
  readonly invitations: readonly { readonly hash: string; readonly usesLeft: number }[]
  readonly keys: number
  /** Members who are being moved. */
  readonly moving: number
  /** Members who have wished for a day to move, or to live with somebody, and were not moved for a month. */
  readonly wishing: number
}
export type HomeFacts = {
  readonly identity:
    | { readonly domain: string; readonly prefix: string; readonly ordinal: number }
    | undefined
  readonly cap: number | undefined
  readonly residents: number | undefined
  readonly leftovers?: Leftovers | undefined
  /** Members whom the directory homes here and whom this database lacks; `code` stands for just these. */
  readonly missing?: { readonly count: number; readonly code: string } | undefined
}

/** What lies in a home's database beside the people who live there. */
export type Leftovers = {
  /** Moves that have not ended there. */
  readonly moves: number
  /** What came and was not applied, was not handed to siblings, was not delivered. What was given up is not counted. */
  readonly intake: number
  readonly spool: number
  readonly deliveries: number
  /** Milliseconds since the last member left whose rows are still kept; null: there are none. */
  readonly sinceLeft: number | null
}

/** Whether the directory is older than what its homes have seen of it. */
export type Regression = {
  readonly regressed: boolean
  /** Homes that gave no answer, and why. */
  readonly silent: readonly { readonly ordinal: number; readonly message: string }[]
}

/** The CA that the operator was told to sign with. */
export type CaFacts = {
  /** The Secret's name, in the operator's namespace. */
  readonly secret: string
} & (
  | { readonly notBefore: number; readonly notAfter: number; readonly problem: undefined }
  /** Why nothing can be signed with it, as the end of a sentence that begins with the Secret. */
  | { readonly problem: string }
)

/** A certificate as it was found in its Secret. */
export type LeafFacts = {
  readonly domains: readonly string[]
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  /** Signed by the CA that the operator has now. */
  readonly byOurCa: boolean
}

/** Random texts, drawn afresh for every look: a decision uses what it needs. */
export type Chance = {
  readonly prefix: string
  readonly password: string
  readonly internalKey: string
  readonly token: string
  /** From 0 to 1. */
  readonly jitter: number
}

export type CommunitySnapshot = {
  readonly community: Community
  readonly settings: Settings
  readonly chance: Chance
  readonly claim: Claim | undefined
  readonly server: ServerFacts
  readonly directory: DatabaseState<DirectoryFacts>
  readonly regression: Regression
  readonly instances: readonly Instance[]
  /** Of the community, whoever made them. */
  readonly rebalances: readonly Rebalance[]
  /** Of all in the namespace, also those that cannot be read or are being deleted. */
  readonly rebalanceNames: readonly string[]
  /** PEM of the CA that signs certificates, if the operator has one. */
  readonly ca: string | undefined
  /** Undefined when none was configured. */
  readonly caFacts: CaFacts | undefined
  readonly leaf: LeafFacts | undefined
  /** Of tls mode Secret or CertManager: whether the Secret is there. */
  readonly certificateThere: boolean
  readonly live: {
    readonly secret: KubeObject | undefined
    readonly invitation: KubeObject | undefined
    readonly certificate: KubeObject | undefined
    readonly service: KubeObject | undefined
    readonly ingress: KubeObject | undefined
    readonly networkPolicy: KubeObject | undefined
  }
  /** Only looked at while the Community is being deleted: all that is left of it. */
  readonly remains: {
    readonly objects: readonly KubeObject[]
    readonly pods: number
    readonly databases: number
  }
  /** Whether the IngressClass that was named is there; undefined: not looked at. */
  readonly ingressClassThere: boolean | undefined
}

/** Communities whose pods may be replaced at the same time, and other ones whose are. */
export type Budget = { readonly limit: number; readonly elsewhere: number }

export type InstanceSnapshot = {
  readonly instance: Instance
  readonly community: Community
  readonly settings: Settings
  readonly chance: Chance
  readonly claim: Claim | undefined
  readonly server: ServerFacts
  readonly database: DatabaseState<HomeFacts>
  readonly trustsCa: boolean
  readonly live: {
    readonly secret: KubeObject | undefined
    /** The community's, which the pod mounts beside its own. */
    readonly communitySecret: KubeObject | undefined
    readonly deployment: KubeObject | undefined
    readonly service: KubeObject | undefined
  }
  readonly pods: readonly KubeObject[]
  /** The last warning of each pod that is not ready: what only Events tell. */
  readonly warnings: readonly { readonly reason: string; readonly message: string }[]
  readonly budget: Budget
  /** A member is being moved from or to it at this moment. */
  readonly moving: boolean
  /** Rows that the siblings still have to hand to this one; undefined: not looked at, or not all of them answered. */
  readonly owed: number | undefined
  /** The other instances of the community. */
  readonly siblings: readonly { readonly instance: Instance; readonly deployment: KubeObject | undefined }[]
}
