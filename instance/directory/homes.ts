// Who lives where, from memory: routing goes on while the directory is down.
import type { Logger } from 'pino'
import type { DirectoryDatabase, InstanceDatabase } from '../store/database.ts'
import { pause } from '../store/failures.ts'
import { adoptEpochs, isRenumbered } from './incarnation.ts'
import { type DirectoryImage, readDirectory, readMember, readRevision } from './read.ts'
import {
  isRegression,
  laterDirectory,
  laterThan,
  noteSeen,
  readKept,
  readResidents,
  readSeen,
  type Seen,
} from './regression.ts'

/** A handle that is or was given, and where its member lives. A deleted member's handle stays taken for ever. */
export type Home = {
  readonly id: string
  readonly handle: string
  /** Ordinal of the instance. */
  readonly home: number
  readonly epoch: number
  readonly state: 'pending' | 'active' | 'deleted'
  readonly role: 'member' | 'moderator' | 'organiser'
}

export type InstanceInfo = {
  readonly ordinal: number
  /** Base URL of the internal port. */
  readonly address: string
  readonly state: 'Opening' | 'Active' | 'Draining' | 'Retired'
  readonly cap: number
  readonly taken: number
}

/** Whether anybody may live there: not before it has opened, and not once it was emptied for good. */
export const isInhabited = ({ state }: Pick<InstanceInfo, 'state'>): boolean =>
  state === 'Active' || state === 'Draining'

/** What the Community's spec says and its instances must know. */
export type Settings = {
  readonly title: string
  readonly description: string
  readonly registration: 'Open' | 'Invite' | 'Closed'
  readonly perInstance: number
  readonly signUpsPerHour: number
  readonly logInsPerHour: number
  readonly postsPerHour: number
  readonly maxInstances: number
}

export type Homes = {
  byHandle(handle: string): Home | undefined
  byId(id: string): Home | undefined
  all(): Iterable<Home>
  instances(): readonly InstanceInfo[]
  /** Active members of the whole community, and people who wait for a seat. */
  totals(): { members: number; waiting: number }
  settings(): Settings
  /** meta.secret */
  secret(): Buffer
  /** The directory that memory holds. */
  readonly revision: bigint
  readonly incarnation: number
  /** True once the directory was read since this process started. Before that nothing may be written. */
  readonly loaded: boolean
  /**
   * True while the directory is older than one this home has seen (it was restored): nobody may join or move, and a
   * handle that is missing in it is no proof that there is no such member.
   */
  readonly regressed: boolean
  /** Something is known here that no directory forgets, and this one does not know it: it is older than one that was. */
  disprove(): Promise<void>
  /** Reads everything again, now. Callers that come together share one read that starts after they asked. */
  refresh(): Promise<void>
  /** A refresh within a moment: many changes at once make one. */
  soon(): void
  /** Resolves once nothing is being read. What was to be read soon is read no more. */
  idle(): Promise<void>
  /** Reads one member's row from the directory itself and corrects memory by it. */
  freshByHandle(handle: string): Promise<Home | undefined>
  freshById(id: string): Promise<Home | undefined>
  /** Reads again when the revision has changed: every 10 s with jitter, every second while people wait. */
  poll(): { stop(): Promise<void> }
  /** Called after memory changed. Returns the function that ends it. */
  onChange(listener: () => void): () => void
}

/** Whether a row tells of a later time than another: they have moved since, or their sign-up was completed. */
function isLater(one: Home, other: Home | undefined): boolean {
  if (!other) return one.state === 'active'
  return (
    one.epoch > other.epoch ||
    (one.epoch === other.epoch && one.state === 'active' && other.state === 'pending')
  )
}

type Deps = {
  directory: DirectoryDatabase
  /** Where this home remembers the newest directory it saw. */
  db: InstanceDatabase
  log: Logger
  /** 0 ≤ random() < 1 */
  random: () => number
}

/** Memory of the directory; empty until `refresh` succeeded once. */
export function openHomes(deps: Deps): Homes {
  let image: DirectoryImage | undefined
  let byId = new Map<string, Home>()
  let byHandle = new Map<string, Home>()
  let members = 0
  let regressed = false
  /** Rows that were read by themselves while everything is being read: some of them after it. */
  let meanwhile = new Map<string, Home>()
  const listeners = new Set<() => void>()

  const put = (home: Home) => {
    byId.set(home.id, home)
    byHandle.set(home.handle, home)
  }
  const take = (fresh: DirectoryImage, seen: Seen) => {
    const nowRegressed = isRegression(seen, fresh)
    if (nowRegressed && !regressed) {
      deps.log.error(
        { seen: `${seen.incarnation}/${seen.revision}`, found: `${fresh.incarnation}/${fresh.revision}` },
        'the directory is older than one seen before: it was restored; nobody can join until it is repaired',
      )
    }
    regressed = nowRegressed
    image = fresh
    byId = new Map()
    byHandle = new Map()
    for (const home of fresh.members) put(home)
    for (const home of meanwhile.values()) if (isLater(home, byId.get(home.id))) put(home)
    members = fresh.members.filter((home) => home.state === 'active').length
    for (const listener of listeners) listener()
  }
  // What was seen, and who lives here, is read before the directory: read the other way round, a change in between looks
  // like a regression.
  const load = async () => {
    const known = await readSeen(deps.db)
    const residents = await readResidents(deps.db)
    const kept = await readKept(deps.db)
    meanwhile = new Map()
    const fresh = await readDirectory(deps.directory)
    const seen = laterThan(fresh, [...residents, ...kept]) ?? known
    if (seen !== known) await noteSeen(deps.db, seen)
    // Before memory has them, and also of a directory that is not to be believed in all: a home whose epochs are others'
    // sends its members away.
    if (isRenumbered(residents, fresh.members)) await adoptEpochs(deps.db, fresh.members)
    take(fresh, seen)
    if (!regressed) await noteSeen(deps.db, fresh)
  }

  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const refresh = (): Promise<void> => {
    if (!running) {
      running = load().finally(() => {
        running = undefined
      })
      return running
    }
    // The read under way may have started before the caller's change was committed.
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return refresh()
      })
    return next
  }
  let coming: NodeJS.Timeout | undefined
  const soon = () => {
    if (coming) return
    coming = setTimeout(() => {
      coming = undefined
      // What failed is read by the next poll.
      refresh().catch(() => undefined)
    }, 100).unref()
  }
  const idle = async () => {
    clearTimeout(coming)
    coming = undefined
    for (let read = next ?? running; read; read = next ?? running) await read.catch(() => undefined)
  }
  const correct = (fresh: Home | undefined, stale: Home | undefined) => {
    if (fresh) {
      put(fresh)
      meanwhile.set(fresh.id, fresh)
    } else if (stale) {
      byId.delete(stale.id)
      byHandle.delete(stale.handle)
    }
    return fresh
  }
  // Everything was read while one row was, perhaps after it: who is known to have moved on since lives there.
  const correctBy = async (read: Promise<Home | undefined>, known: () => Home | undefined) => {
    const before = image
    const fresh = await read
    const here = known()
    if (image !== before && here && here.epoch > (fresh?.epoch ?? 0)) return here
    return correct(fresh, here)
  }
  const loadedImage = (): DirectoryImage => {
    if (!image) throw new Error('the directory was not read yet')
    return image
  }

  return {
    byHandle: (handle) => byHandle.get(handle.toLowerCase()),
    byId: (id) => byId.get(id),
    all: () => byId.values(),
    instances: () => image?.instances ?? [],
    totals: () => ({ members, waiting: image?.waiting ?? 0 }),
    settings: () => loadedImage().settings,
    secret: () => loadedImage().secret,
    get revision() {
      return image?.revision ?? 0n
    },
    get incarnation() {
      return image?.incarnation ?? 0
    },
    get loaded() {
      return image !== undefined
    },
    get regressed() {
      return regressed
    },
    disprove: async () => {
      await noteSeen(deps.db, laterDirectory(await readRevision(deps.directory)))
      await refresh()
    },
    refresh,
    soon,
    idle,
    freshByHandle: async (handle) => {
      const folded = handle.toLowerCase()
      return correctBy(readMember(deps.directory, { handle: folded }), () => byHandle.get(folded))
    },
    freshById: (id) => correctBy(readMember(deps.directory, { id }), () => byId.get(id)),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    poll: () => {
      const stopping = new AbortController()
      const done = (async () => {
        while (!stopping.signal.aborted) {
          const wait = (image?.waiting ?? 0) > 0 ? 1_000 : 10_000
          await pause(wait * (0.5 + deps.random()), stopping.signal)
          if (stopping.signal.aborted) return
          try {
            const now = await readRevision(deps.directory)
            if (now.revision !== image?.revision || now.incarnation !== image.incarnation) await refresh()
          } catch (error) {
            deps.log.warn({ err: error }, 'the directory cannot be read; routing goes on from memory')
          }
        }
      })()
      return {
        stop: async () => {
          stopping.abort()
          await done
          await idle()
        },
      }
    },
  }
}
