// Moves between the homes of a test community, driven in this process.
import { pino } from 'pino'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import type { Move, Step } from '../../instance/directory/moves/move.ts'
import type { InternalCall } from '../../instance/move/calls.ts'
import { isRefusal, type Refusal } from '../../instance/refusal.ts'
import { type DirectoryTables, openDatabase } from '../../instance/store/database.ts'
import { abandon, type DriveDeps, type Driven, drive } from '../../operator/rebalance/drive/drive.ts'
import type { TestCommunity } from './databases.ts'
import { callInternal, type TestSiblings } from './instances.ts'

/** The operator's way to the internal ports of instances without ports. */
export const callThrough =
  (network: TestSiblings): InternalCall =>
  (to, path, options = {}) =>
    callInternal(network, 'operator', to, path, { method: 'POST', body: {}, ...options })

export type Mover = {
  readonly deps: DriveDeps
  begin(memberId: string, target: number): Promise<Move | Refusal>
  drive(id: string, deps?: Partial<DriveDeps>): Promise<Driven>
  /** Drives as one who dies when the directory has this step. */
  driveTo(id: string, last: Step): Promise<void>
  abandon(id: string, code: string): Promise<boolean>
  /** Begins and drives. Throws what was refused. */
  move(memberId: string, target: number): Promise<Driven>
  close(): Promise<void>
}

export const makeMover = (community: TestCommunity, network: TestSiblings): Mover =>
  moverThrough(community, callThrough(network))

/** One that reaches the homes in a way of its own. */
export function moverThrough(community: Pick<TestCommunity, 'adminUrls'>, call: InternalCall): Mover {
  const directory = openDatabase<DirectoryTables>(community.adminUrls.directory, { name: 'operator' })
  const deps: DriveDeps = { directory, call, log: pino({ level: 'silent' }) }
  const begin: Mover['begin'] = (memberId, target) =>
    changeDirectory(directory, (tx) => beginMove(tx, { memberId, target }))
  return {
    deps,
    begin,
    drive: (id, other = {}) => drive({ ...deps, ...other }, id),
    driveTo: async (id, last) => {
      const died = new Error('the driver has died')
      const reached = (move: Move) => {
        if (move.step === last) throw died
      }
      await drive({ ...deps, reached }, id).then(
        (driven) => Promise.reject(new Error(`${last} was never reached: ${JSON.stringify(driven)}`)),
        (error: unknown) => (error === died ? undefined : Promise.reject(error)),
      )
    },
    abandon: (id, code) => abandon(deps, id, code),
    move: async (memberId, target) => {
      const begun = await begin(memberId, target)
      if (isRefusal(begun)) throw new Error(begun.code)
      return drive(deps, begun.id)
    },
    close: () => directory.destroy(),
  }
}
