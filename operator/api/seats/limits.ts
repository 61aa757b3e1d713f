// What no community and no instance goes beyond.

/** The most members that one instance ever has. */
export const CAP = 300

/** Ids have ten bits for the ordinal. */
export const LAST_ORDINAL = 1023

/** Members who are moved within an hour, whatever is asked. */
export const MOVES_PER_HOUR = 10_000
