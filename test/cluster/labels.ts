/** Marks what `up` made, in the container engine and in clusters alike; `down` touches nothing without it. */
export const madeBy = 'hamlet.coop/made-by'
