// How the objects and databases of a community are called.

/** Key of a community's lasting things: `<prefix>_directory`, `<prefix>_1`; roles have the names of their databases. */
export const directoryName = (prefix: string): string => `${prefix}_directory`
export const databaseName = (prefix: string, ordinal: number): string => `${prefix}_${ordinal}`

export const instanceName = (community: string, ordinal: number): string => `${community}-${ordinal}`
/** Undoes it, for keys and names alike: no Community's own name ends like that. */
export const communityOfInstance = (name: string): string => name.replace(/-[0-9]+$/, '')

export const communitySecretName = (community: string): string => `${community}-community`
export const invitationName = (community: string): string => `${community}-invitation`
export const certificateName = (community: string): string => `${community}-tls`

/** Where siblings reach an instance. */
export const internalAddress = (community: string, ordinal: number, namespace: string): string =>
  `http://${instanceName(community, ordinal)}.${namespace}.svc:8081`

/** Not the names of instances, so that nobody takes one for the other. */
export const rebalanceName = (community: string, number: number): string => `${community}-r${number}`
/** The number in the name of a Rebalance; 0 in a name that is none of ours. */
export const rebalanceNumber = (name: string): number => Number(/-r([0-9]{1,9})$/.exec(name)?.[1] ?? 0)
