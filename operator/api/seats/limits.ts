// What no community and no instance goes beyond.

/** The most members that one instance ever has. */
export const CAP = 300

/** Ids have ten bits for the ordinal. */
export const LAST_ORDINAL = 1023

/** Members who are moved within an hour, whatever is asked. */
export const MOVES_PER_HOUR = 10_000

/** How long an instance keeps the rows of members who left: see instance/move/tend.ts. */
export const KEPT_DAYS = 30
