// Which home answers a request, decided from its first line and its cookies alone.
// A member's resources are at their home; what is the community's own is answered by whichever instance was asked.

/** Where a member lives, as the directory says. */
export type HomeOf = { readonly home: number; readonly state: 'pending' | 'active' | 'deleted' }

/** What the door remembers of the directory. */
export type HomesView = {
  byHandle(handle: string): HomeOf | undefined
  byId(memberId: string): HomeOf | undefined
}

export type RequestFacts = {
  readonly method: string
  /** As it stood in the request line. */
  readonly url: string
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  /** The community's own. */
  readonly domain: string
}

/** The member that a request is about. */
export type Subject = { readonly handle: string } | { readonly id: string }

export type Route =
  /** Any instance may answer: from the directory, or for the community. */
  | { readonly to: 'anyone' }
  | { readonly to: 'home'; readonly ordinal: number; readonly subject: Subject }
  /** Memory knows nobody of that name or id; the directory may. */
  | { readonly to: 'ask-directory'; readonly subject: Subject }
  /** The member is named in the form that follows. */
  | { readonly to: 'form' }

export const SESSION_COOKIE = 'hamlet_session'

const ANYONE: Route = { to: 'anyone' }
const FORM: Route = { to: 'form' }

/** Ids are 64 bit: 19 digits at most. */
const ID = /^[0-9]{1,19}$/

/** First words of paths that are the community's, whoever asks. */
const COMMON = new Set([
  'inbox',
  'actor',
  '.well-known',
  'nodeinfo',
  'assets',
  'sign-up',
  'invitation',
  'reset',
])

/** The path's parts, as the router will read them: query, fragment and last slash cut off, decoded once. */
export function pathParts(url: string): string[] | undefined {
  // A request line may hold a whole URL (RFC 9112, 3.2.2); the router drops its origin too.
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/]*/i, '')
  const end = target.search(/[?#]/)
  const path = end < 0 ? target : target.slice(0, end)
  try {
    const parts = path.split('/').slice(1).map(decodeURIComponent)
    return parts.length > 1 && parts.at(-1) === '' ? parts.slice(0, -1) : parts
  } catch {
    return undefined
  }
}

/** A handle as the directory keeps it. */
export function foldHandle(handle: string): string {
  return handle.trim().replace(/^@/, '').toLowerCase()
}

/** The member id that starts a session cookie or an access token: `<member id>.<secret>`. */
export function tokenHolder(facts: Pick<RequestFacts, 'cookie' | 'authorization'>): string | undefined {
  const bearer = /^bearer +([0-9]{1,19})\./i.exec(facts.authorization ?? '')
  if (bearer) return bearer[1]
  for (const pair of facts.cookie?.split(';') ?? []) {
    const cut = pair.indexOf('=')
    if (cut < 0 || pair.slice(0, cut).trim() !== SESSION_COOKIE) continue
    const id =
      pair
        .slice(cut + 1)
        .trim()
        .replace(/^"/, '')
        .split('.', 1)[0] ?? ''
    return ID.test(id) ? id : undefined
  }
  return undefined
}

/** Who the path is about; undefined if it is about the asker or about nobody. */
function named(parts: readonly string[], { method, domain }: RequestFacts): Subject | 'anyone' | undefined {
  const [first = '', second = '', third] = parts
  if (COMMON.has(first)) return 'anyone'
  if (first === 'users' && second !== '') {
    // Whoever gets a delivery verifies and keeps it, so that a home that is down costs the sender nothing.
    if (method === 'POST' && third === 'inbox') return 'anyone'
    return { handle: foldHandle(second) }
  }
  if (first === 'media') return ID.test(second) ? { id: second } : 'anyone'
  if (first.startsWith('@') && first.length > 1) {
    const [handle = '', host = domain] = first.slice(1).split('@')
    // `/@ana@other.example` is a stranger's profile, shown to the asker by the asker's home.
    return host.toLowerCase() === domain ? { handle: foldHandle(handle) } : undefined
  }
  return undefined
}

/** Looks a member up in memory. The deleted have no home: any instance says so from the directory. */
export function locate(subject: Subject, homes: HomesView): Route {
  const found = 'handle' in subject ? homes.byHandle(subject.handle) : homes.byId(subject.id)
  if (!found) return { to: 'ask-directory', subject }
  return found.state === 'deleted' ? ANYONE : { to: 'home', ordinal: found.home, subject }
}

/**
 * Where a request goes. Total: every request has an answer, and a malformed one is for anyone, who will refuse it.
 * A path that names a member beats the asker's session, for the page is at the named member's home.
 */
export function route(facts: RequestFacts, homes: HomesView): Route {
  const parts = pathParts(facts.url)
  if (!parts) return ANYONE
  if (facts.method === 'POST' && parts.length === 1 && parts[0] === 'log-in') return FORM
  const subject = named(parts, facts)
  if (subject === 'anyone') return ANYONE
  if (subject) return locate(subject, homes)
  const holder = tokenHolder(facts)
  return holder === undefined ? ANYONE : locate({ id: holder }, homes)
}
