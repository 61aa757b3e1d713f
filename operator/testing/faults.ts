// A process that dies at its k-th write, before or after it, or lives on without having heard that the write was made.
import type { Reach } from '../apply/moving/reach.ts'
import { KubeError } from '../kube/error.ts'
import type { Kube } from '../kube/types.ts'
import type { Server, Session } from '../postgres/server/session.ts'

/** How the k-th write goes wrong. */
export type Fault = 'killed before' | 'killed after' | 'acknowledgement lost'

/** The process is gone: nothing it does from here on reaches anybody. */
export class Killed extends Error {
  constructor() {
    super('killed')
    this.name = 'Killed'
  }
}

export type Faults = {
  kube(kube: Kube): Kube
  server(server: Server): Server
  /** What is asked of instances changes something, unless it is a GET. */
  reach(reach: Reach): Reach
  readonly writes: number
  /** What each of them was. */
  readonly made: readonly string[]
  readonly struck: boolean
  readonly dead: boolean
}

const READS = /^\s*(SELECT|SHOW|BEGIN\s*$|START TRANSACTION|ROLLBACK|RESET|SET)\b/i

/** Enough of a statement to know it by: `insert into "moves"`. */
const firstWords = (sql: string): string => sql.trim().split(/\s+/).slice(0, 3).join(' ')

/** Counts writes from 1; `at` undefined: nothing goes wrong. One Faults is one process. */
export function createFaults(at?: number, fault: Fault = 'killed before'): Faults {
  const made: string[] = []
  let struck = false
  let dead = false

  const alive = () => {
    if (dead) throw new Killed()
  }
  const die = (): never => {
    dead = true
    throw new Killed()
  }
  async function write<T>(what: string, make: () => Promise<T>, lost: () => Error): Promise<T> {
    alive()
    made.push(what)
    if (made.length !== at) {
      const result = await make()
      // Killed while the answer was on its way.
      alive()
      return result
    }
    struck = true
    if (fault === 'killed before') return die()
    await make()
    if (fault === 'killed after') return die()
    throw lost()
  }
  const read = async <T>(make: () => Promise<T>): Promise<T> => {
    alive()
    const result = await make()
    alive()
    return result
  }

  const noAnswer = () => new KubeError({ code: 0, reason: 'NoAnswer', message: 'the connection broke' })
  const terminated = () => new Error('Connection terminated unexpectedly')
  return {
    kube: (kube) => ({
      ...kube,
      get: (...args) => read(() => kube.get(...args)),
      list: (...args) => read(() => kube.list(...args)),
      create: (...args) => write(`create ${args[0].kind}`, () => kube.create(...args), noAnswer),
      apply: (...args) => write(`apply ${args[0].kind}`, () => kube.apply(...args), noAnswer),
      applyStatus: (...args) =>
        write(`applyStatus ${args[0].kind}`, () => kube.applyStatus(...args), noAnswer),
      replace: (...args) => write(`replace ${args[0].kind}`, () => kube.replace(...args), noAnswer),
      patch: (...args) => write(`patch ${args[0].kind}`, () => kube.patch(...args), noAnswer),
      delete: (...args) => write(`delete ${args[0].kind}`, () => kube.delete(...args), noAnswer),
    }),
    server: (server) => ({
      ...server,
      connect: async (database) => {
        const session = await read(() => server.connect(database))
        let broken = false
        const query: Session['query'] = async (sql, values) => {
          if (broken) throw terminated()
          const make = () => session.query<never>(sql, values)
          if (READS.test(sql)) return read(make)
          return write(firstWords(sql), make, () => {
            // Who never heard an answer has no connection left either; the server ends what was open on it.
            broken = true
            return terminated()
          })
        }
        // The kernel closes what a killed process had open.
        return { query, end: () => session.end() }
      },
    }),
    reach: (reach) => (instances, key) => {
      const reached = reach(instances, key)
      return {
        call: (ordinal, path, options) => {
          const make = () => reached.call(ordinal, path, options)
          return options?.method === 'GET' ? read(make) : write(path, make, terminated)
        },
        close: reached.close,
      }
    },
    get writes() {
      return made.length
    },
    made,
    get struck() {
      return struck
    },
    get dead() {
      return dead
    },
  }
}
