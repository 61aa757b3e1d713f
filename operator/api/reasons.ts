// The reasons of all conditions and Events: one list, so that a reader can look one up and nothing is spelt twice.

/** What a condition or an Event gives as its cause. The remedy is in the message beside it. */
export const Reason = {
  // All is well, or on the way.
  /** Every instance serves and the domain answers. */
  Serving: 'Serving',
  /** Something is being made or replaced; nothing is wrong. */
  Starting: 'Starting',
  /** Done: what was wanted is what is. */
  Settled: 'Settled',
  /** spec.paused is true. */
  Paused: 'Paused',
  /** The object is being deleted. */
  Deleting: 'Deleting',
  /** Seats are free. */
  SeatsFree: 'SeatsFree',
  /** Every instance said how many members it has. */
  Counted: 'Counted',
  /** The instance takes new members. */
  Accepting: 'Accepting',
  /** The database was made and is the right one. */
  DatabaseMade: 'DatabaseMade',
  /** The tables are those of this version. */
  SchemaCurrent: 'SchemaCurrent',
  /** An instance was opened since free seats ran low. */
  InstanceOpened: 'InstanceOpened',
  /** Nobody lives here and nothing is left to deliver. */
  Empty: 'Empty',
  /** People live here, or deliveries are left. */
  Occupied: 'Occupied',
  /** Rows of members who left are kept (spec.rebalance.retireAfterDays). */
  Kept: 'Kept',
  /** Members would fit into fewer instances. */
  MoreThanNeeded: 'MoreThanNeeded',

  /** No instance has more members than seats, or less headroom than wished for. */
  Balanced: 'Balanced',
  /** Members move to other instances. */
  Moving: 'Moving',
  /** It is known who moves where. */
  Planned: 'Planned',

  // Members who should move, and do not yet.
  /** A Rebalance waits for somebody to set spec.approved to true. */
  ApprovalMissing: 'ApprovalMissing',
  /** Another Rebalance of the community is open; this one comes after it. */
  AnotherOpen: 'AnotherOpen',
  /** spec.stopped of the Rebalance is true. */
  Stopped: 'Stopped',
  /** spec.rebalance.mode is Off. What people make by hand is worked on all the same. */
  RebalanceOff: 'RebalanceOff',
  /** As many members as spec.maxMovesPerHour allows were moved within the last hour. */
  RateLimited: 'RateLimited',
  /** There is no plan that keeps to all rules: too few seats, say. */
  NoPlan: 'NoPlan',
  /** An instance did not say who knows whom; nobody is moved on a guess. */
  TiesUnknown: 'TiesUnknown',
  /** An instance between which members would move does not serve yet. */
  InstanceNotReady: 'InstanceNotReady',

  // Asked for, but cannot be.
  /** A field has a value that cannot be worked with. */
  InvalidSpec: 'InvalidSpec',
  /** spec.community of a Rebalance names a Community that there is not, or that cannot be worked with. */
  CommunityMissing: 'CommunityMissing',
  /** Another Community has the domain. */
  DomainTaken: 'DomainTaken',
  /** An object of that name is not ours. */
  NameTaken: 'NameTaken',
  /** deletionPolicy Delete without the annotation that confirms it. */
  ConfirmationMissing: 'ConfirmationMissing',

  // The database.
  /** spec.database.secretName names a Secret that is not there. */
  DatabaseSecretMissing: 'DatabaseSecretMissing',
  /** The Secret lacks a key, or one has a value that cannot be right. */
  DatabaseSecretInvalid: 'DatabaseSecretInvalid',
  /** PostgreSQL does not answer. */
  DatabaseUnreachable: 'DatabaseUnreachable',
  /** PostgreSQL refused the operator's role or one of its statements. */
  DatabaseRefused: 'DatabaseRefused',
  /** A database that was there is gone, or another PostgreSQL answers. Nothing is made anew. */
  DataMissing: 'DataMissing',
  /** The server cannot carry the connections of one more instance. */
  DatabaseFull: 'DatabaseFull',
  /** A pooler in transaction mode is between us and PostgreSQL. */
  PoolerFound: 'PoolerFound',
  /** A migration failed; the version before goes on. */
  MigrationFailed: 'MigrationFailed',
  /** The directory is older than what the instances have seen. */
  DirectoryRegressed: 'DirectoryRegressed',
  /** The directory homes members here whom this database lacks. */
  MembersMissing: 'MembersMissing',

  // Pods.
  /** The image cannot be pulled. */
  ImageUnavailable: 'ImageUnavailable',
  /** A quota of the namespace is used up. */
  QuotaExceeded: 'QuotaExceeded',
  /** No node has room. */
  Unschedulable: 'Unschedulable',
  /** A volume or a Secret cannot be mounted. */
  VolumeUnavailable: 'VolumeUnavailable',
  /** The process ends again and again. */
  Crashing: 'Crashing',
  /** The API server or an admission policy refused an object of ours. */
  Refused: 'Refused',
  /** The pod runs but does not answer. */
  NotAnswering: 'NotAnswering',
  /** An instance answers what a move asks of it with an error, again and again. Its log says why. */
  InstanceFailing: 'InstanceFailing',
  /** A rollout is past its deadline. */
  RolloutStuck: 'RolloutStuck',
  /** Another instance is being replaced; this one waits. */
  RolloutWaiting: 'RolloutWaiting',

  // The way in.
  /** The IngressClass is not there. */
  IngressClassMissing: 'IngressClassMissing',
  /** The certificate is not there yet. */
  CertificateMissing: 'CertificateMissing',
  /** The CA that signs certificates has expired. */
  CaExpired: 'CaExpired',
  /** The CA that signs certificates expires within a month, or has. */
  CaExpires: 'CaExpires',
  /** The certificate expires soon and should have been renewed, or has. */
  CertificateExpires: 'CertificateExpires',
  /** The domain does not answer through the ingress. */
  DomainNotAnswering: 'DomainNotAnswering',

  // Seats.
  /** Every seat is taken and another instance starts. */
  InstanceStarting: 'InstanceStarting',
  /** Every seat is taken and another instance may not start yet (spec.seats.minutesBetweenInstances). */
  WaitingBetweenInstances: 'WaitingBetweenInstances',
  /** Every seat is taken and spec.seats.maxInstances is reached. */
  MaxInstancesReached: 'MaxInstancesReached',
  /** The instance is full. */
  Full: 'Full',
  /** The instance takes no more members: it is being emptied. */
  Draining: 'Draining',
  /** The instance is stopped for good. */
  Retired: 'Retired',
  /** An instance did not answer; the last numbers are kept. */
  CountUnknown: 'CountUnknown',

  /** Something unforeseen; the message has the error. It is tried again. */
  Failed: 'Failed',
} as const

export type Reason = (typeof Reason)[keyof typeof Reason]

/** Reasons that say that time will do; whatever else does not hold is news for people. */
export const PASSING: ReadonlySet<string> = new Set<Reason>([
  'Starting',
  'RolloutWaiting',
  'InstanceStarting',
  'Deleting',
  'CountUnknown',
  'Full',
  'Paused',
  'Settled',
  'Moving',
  'AnotherOpen',
  'Stopped',
  'RateLimited',
  'TiesUnknown',
  'InstanceNotReady',
  'Draining',
  'Retired',
  'Occupied',
  'Kept',
  'MoreThanNeeded',
])
