// What of a request's and an answer's header passes the door.
import type { IncomingHttpHeaders } from 'node:http'
import type { Subject } from '../route.ts'

/** Says that a sibling's door has handed the request over, and for whom: it is not handed on again. */
export const FORWARDED_HEADER = 'x-hamlet-forwarded'
/** With a 421: the home that this instance believes in. */
export const HOME_HEADER = 'x-hamlet-home'

/** Meant for the next hop only (RFC 9110, 7.6.1); `expect` is answered by the server that reads the body. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

type Passing = Record<string, string | string[]>

function endToEnd(headers: IncomingHttpHeaders): Passing {
  const named = new Set(
    String(headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
  const passing: Passing = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name) || name.startsWith('x-hamlet-'))
      continue
    passing[name] = value
  }
  return passing
}

/**
 * The header of a request that goes on to a sibling. `client` is the address that this door established and replaces
 * whatever stood in X-Forwarded-For, so that nobody can choose the address their tries are counted under.
 */
export function onwardHeaders(headers: IncomingHttpHeaders, subject: Subject, client: string): Passing {
  return { ...endToEnd(headers), 'x-forwarded-for': client, [FORWARDED_HEADER]: writeSubject(subject) }
}

/** The header of a sibling's answer as the client gets it; several Set-Cookie stay several. */
export function answerHeaders(headers: IncomingHttpHeaders): Passing {
  return endToEnd(headers)
}

export function writeSubject(subject: Subject): string {
  return 'handle' in subject ? `handle=${encodeURIComponent(subject.handle)}` : `id=${subject.id}`
}

export function readSubject(text: string): Subject | undefined {
  const [kind, value = ''] = text.split('=', 2)
  if (kind === 'id') return /^[0-9]{1,19}$/.test(value) ? { id: value } : undefined
  if (kind !== 'handle') return undefined
  try {
    return { handle: decodeURIComponent(value) }
  } catch {
    return undefined
  }
}
