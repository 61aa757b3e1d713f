// Members whom the directory homes here already, and whose rows are here and only have to come to life.
import type { Homes } from '../../directory/homes.ts'
import { endsWith } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import type { DirectoryDatabase, InstanceDatabase } from '../database.ts'

type Deps = {
  db: InstanceDatabase
  directory: DirectoryDatabase
  homes: Pick<Homes, 'byId'>
}

/**
 * Ids of members who are about to arrive: the move that led to their stay of now is switched and no further, and its
 * copy is sealed here, so that this home activates them as soon as it tends its moves. Where the directory is further,
 * they were active here before: this database was restored. To be read before the members here are: who arrives
 * meanwhile is found there.
 */
export async function arrivingHere({ db, directory, homes }: Deps): Promise<ReadonlySet<string>> {
  const sealed = await db
    .selectFrom('moves')
    .innerJoin('members', 'members.id', 'moves.member_id')
    .select(['moves.id', 'moves.member_id'])
    .where('moves.side', '=', 'target')
    .where('moves.state', '=', 'sealed')
    .where('members.state', '=', 'staged')
    .execute()
  const arriving = new Set<string>()
  for (const { id, member_id } of sealed) {
    const move = await readMove(directory, id)
    const home = homes.byId(member_id)
    if (move?.step === 'switched' && home && endsWith(move, home)) arriving.add(member_id)
  }
  return arriving
}
