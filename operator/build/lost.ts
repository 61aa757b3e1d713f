// What is said of data that is not where it was.

/** The message of `DataMissing` for a database that was in use and does not even say whose it is. */
export const emptyDatabase = (name: string): string =>
  `database ${name} is empty, though it was in use: restore its backup into it, or point to the PostgreSQL that has its data. Nothing is made anew`
