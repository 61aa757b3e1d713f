// From a subject to a home, with the directory's help where memory does not suffice.
import type { DoorDeps } from './deps.ts'
import { locate, type Subject } from './route.ts'

/** Where a request about this member is served. `unknown`: the directory was asked and knows nobody. */
export type Place =
  | { readonly at: 'here' }
  | { readonly at: 'home'; readonly ordinal: number }
  | { readonly at: 'anywhere' }
  /** The directory gave no answer. */
  | { readonly at: 'nobody-knows' }

type Deps = Pick<DoorDeps, 'homes' | 'config'>

function inMemory({ homes, config }: Deps, subject: Subject): Place | undefined {
  const found = locate(subject, homes)
  if (found.to === 'home') {
    return found.ordinal === config.ordinal ? { at: 'here' } : { at: 'home', ordinal: found.ordinal }
  }
  return found.to === 'ask-directory' ? undefined : { at: 'anywhere' }
}

/** Memory first; the directory for those whom memory does not know, such as somebody who joined a second ago. */
export async function whereIs(deps: Deps, subject: Subject): Promise<Place> {
  return inMemory(deps, subject) ?? whereIsNow(deps, subject)
}

/** Reads the member's row from the directory, which also corrects memory. */
export async function whereIsNow(deps: Deps, subject: Subject): Promise<Place> {
  try {
    if ('handle' in subject) await deps.homes.freshByHandle(subject.handle)
    else await deps.homes.freshById(subject.id)
  } catch {
    return { at: 'nobody-knows' }
  }
  return inMemory(deps, subject) ?? { at: 'anywhere' }
}

/** After a sibling said "not here", or refused the connection: everything is read again. */
export async function whereIsAfterRefresh(deps: Deps, subject: Subject): Promise<Place> {
  try {
    await deps.homes.refresh()
  } catch {
    return inMemory(deps, subject) ?? { at: 'nobody-knows' }
  }
  return whereIs(deps, subject)
}
