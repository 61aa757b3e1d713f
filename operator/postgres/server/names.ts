// Names of roles and databases. Nothing here needs quoting, but everything is quoted.
import type { MigrationKind } from '../../../instance/store/migrations.ts'

/** Owns every database and table; nobody logs in as it, so no instance can go round the triggers. */
export const OWNER = 'hamlet_owner'

/** The groups that hold the rights on tables; a role per database is a member of one. */
export const GROUPS: Readonly<Record<MigrationKind, string>> = {
  instance: 'hamlet_instance',
  directory: 'hamlet_directory',
}

export const templateName = (kind: MigrationKind, hash: string): string => `hamlet_template_${kind}_${hash}`
