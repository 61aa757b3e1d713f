// Whether a database says whose it is: the one thing that tells data from an empty database of its name.
import type { MigrationKind } from '../../../instance/store/migrations.ts'
import { literal, quote, type Session } from '../server/session.ts'

const TABLES = { directory: 'meta', instance: 'identity' } as const satisfies Record<MigrationKind, string>

/** True once its identity was written, by whatever version; false also in a database without any table. */
export async function isIdentified(session: Session, kind: MigrationKind): Promise<boolean> {
  const table = TABLES[kind]
  const [there] = await session.query<{ there: boolean }>(
    `SELECT to_regclass(${literal(table)}) IS NOT NULL AS there`,
  )
  if (!there?.there) return false
  const [row] = await session.query<{ identified: boolean }>(
    `SELECT EXISTS (SELECT FROM ${quote(table)}) AS identified`,
  )
  return row?.identified ?? false
}
