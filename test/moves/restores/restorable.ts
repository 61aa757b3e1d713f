// A small world whose databases are kept as they are at a moment, and put back to that later.
import pg from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { changeDirectory } from '../../../instance/directory/change.ts'
import { beginMove } from '../../../instance/directory/moves/begin.ts'
import type { Move, Step } from '../../../instance/directory/moves/move.ts'
import type { RebuildOrder } from '../../../operator/decide/decision.ts'
import type { Server } from '../../../operator/postgres/server/session.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { must } from '../../postgres/lives.ts'
import type { Someone } from '../model.ts'
import { acceptors, copyDatabase, nameOf, orderFor, serverOf, type Which } from '../world/copies.ts'
import { openWorld, type World } from '../world/world.ts'

export type Restorable = {
  readonly world: World
  /** May do anything to any of its databases. */
  readonly root: pg.Client
  readonly server: Server
  nameOf(which: Which): string
  /** Copies a database to another name; whoever is connected to either is cut off. */
  copy(from: string, to: string): Promise<void>
  /** Keeps one of its databases as it is now, in place of what was kept of it before. */
  keep(which: Which): Promise<void>
  /** Puts it back to that. */
  putBack(which: Which): Promise<void>
  acceptors(person: Someone): Promise<number[]>
  /** To rebuild its directory. */
  order(givenUp?: string): RebuildOrder
  /** Begins a move. Throws what was refused. */
  begin(memberId: string, target: number): Promise<Move>
  /** Drives as one who dies at `last`, or as far as it goes; `at` is told of every step. */
  driveTo(id: string, last: Step | undefined, at?: (step: Step) => Promise<void>): Promise<void>
}

/** To be called at the top of a test file. */
export function restorable(homes: number): Restorable {
  let made: { readonly world: World; readonly root: pg.Client; readonly server: Server } | undefined
  const here = () => {
    if (!made) throw new Error('the world is made before the first test')
    return made
  }
  beforeAll(async () => {
    const port = inject('postgresPort')
    const world = await openWorld(port, homes)
    const root = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    made = { world, root, server: serverOf(world) }
    await root.connect()
  })
  afterAll(async () => {
    const { root, world } = here()
    await root.end()
    await world.close()
  })
  const named = (which: Which) => nameOf(here().world, which)
  const kept = (which: Which) => `${named(which)}_kept`
  const copy = (from: string, to: string) => copyDatabase(here().root, from, to)
  return {
    get world() {
      return here().world
    },
    get root() {
      return here().root
    },
    get server() {
      return here().server
    },
    nameOf: named,
    copy,
    keep: (which) => copy(named(which), kept(which)),
    putBack: (which) => copy(kept(which), named(which)),
    acceptors: (person) => acceptors(here().world, person),
    order: (givenUp) => orderFor(here().world, givenUp),
    begin: async (memberId, target) =>
      must(await changeDirectory(here().world.drive.directory, (tx) => beginMove(tx, { memberId, target }))),
    driveTo: async (id, last, at = async () => undefined) => {
      const died = new Error('the driver has died')
      const reached = async ({ step }: Move) => {
        await at(step)
        if (step === last) throw died
      }
      await drive({ ...here().world.drive, reached }, id).catch((error: unknown) => {
        if (error !== died) throw error
      })
    },
  }
}
