// An activity as it came, read without trust: ids, addressees and kinds out of loosely shaped JSON. Pure.

export type Incoming = {
  readonly id: string
  readonly type: string
  readonly actor: string
  readonly object: unknown
  readonly raw: Readonly<Record<string, unknown>>
}

export type Malformed = { readonly problem: string }

const MAX_DEPTH = 32
const MAX_URI = 2048

/** A URI to which something may be attributed: https only, of a sane length. */
export function httpsUri(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_URI) return undefined
  if (value.includes('\0') || !value.isWellFormed()) return undefined
  const url = URL.parse(value)
  return url?.protocol === 'https:' && !url.username && !url.password ? value : undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The id of what is embedded or only named. */
export function idOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? idOf(value[0]) : undefined
  return httpsUri(isObject(value) ? value.id : value)
}

/** All ids in a property that may hold one, several, or objects. At most 500: nobody is addressed by more. */
export function idsOf(value: unknown): string[] {
  const items = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
  return items.slice(0, 500).flatMap((item) => {
    const id = isObject(item) ? item.id : item
    return typeof id === 'string' && id.length <= MAX_URI ? [id] : []
  })
}

/** The type without a prefix such as `as:`; the first if there are several. */
export function typeOf(value: unknown): string | undefined {
  const type = isObject(value) ? value.type : undefined
  const first: unknown = Array.isArray(type) ? type[0] : type
  if (typeof first !== 'string' || first.length > 200) return undefined
  return first.replace(/^(?:as:|https:\/\/www\.w3\.org\/ns\/activitystreams#)/, '')
}

/** Whether JSON nests deeper than anything honest does; checked before anything walks it. */
export function tooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth >= MAX_DEPTH) return true
  return Object.values(value).some((inner) => tooDeep(inner, depth + 1))
}

/**
 * JSON that the database can hold: without NUL and halves of characters. A name with such is left out, not mended: it
 * could become the name of something that was checked under another value.
 */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  return isObject(value) ? storableObject(value) : value
}

export function storableObject(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(value).filter(([name]) => !name.includes('\0') && name.isWellFormed())
  return Object.fromEntries(kept.map(([name, inner]) => [name, storable(inner)]))
}

/** Reads a body. What has no id, type or actor of its own is no activity that could be applied once. */
export function readActivity(body: Buffer): Incoming | Malformed {
  let raw: unknown
  try {
    raw = JSON.parse(body.toString('utf8'))
  } catch {
    return { problem: 'The body is no JSON.' }
  }
  return asActivity(raw)
}

export function asActivity(given: unknown): Incoming | Malformed {
  if (!isObject(given)) return { problem: 'The body is no JSON object.' }
  if (tooDeep(given)) return { problem: `The body nests deeper than ${MAX_DEPTH} levels.` }
  // Addresses are read as they came: a mended one would be another one.
  const id = httpsUri(given.id)
  const actor = idOf(given.actor)
  const raw = storableObject(given)
  const type = typeOf(raw)
  if (!id) return { problem: 'The activity has no https id.' }
  if (!type) return { problem: 'The activity has no type.' }
  if (!actor) return { problem: 'The activity has not exactly one actor.' }
  return {
    id,
    type,
    actor,
    object: Array.isArray(raw.object) && raw.object.length === 1 ? raw.object[0] : raw.object,
    raw,
  }
}

export const isMalformed = (value: Incoming | Malformed): value is Malformed => 'problem' in value

/** Whether both are of one origin: only there may one speak for the other. */
export function sameOrigin(a: string, b: string): boolean {
  const [left, right] = [URL.parse(a), URL.parse(b)]
  return left !== null && left.origin !== 'null' && left.origin === right?.origin
}
