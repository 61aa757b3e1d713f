// How many connections a role may have at most. An instance has a pool of 4 for each of its two databases.
const POOL = 4
/** During a rollout. */
const PODS = 2

/** Of an instance's own role; some room is left for whoever looks into the database as that role. */
export const INSTANCE_CONNECTIONS = PODS * POOL + 4

/** Of the role that all instances of a community share. One more than wished for may be there after a lowered wish. */
export const directoryConnections = (maxInstances: number): number => PODS * POOL * (maxInstances + 1)
