// The door's own answers, for people and for programs.
import type { FastifyReply } from 'fastify'

export type DoorRefusal =
  /** The member's home gives no answer. */
  | { readonly code: 'home-down' }
  /** Neither memory nor the directory says where the member lives. */
  | { readonly code: 'directory-down' }
  /** The member is being moved, and that takes longer than it should. */
  | { readonly code: 'moving' }
  /** Asked by a sibling for somebody who lives elsewhere. */
  | { readonly code: 'not-here' }
  | { readonly code: 'too-large' }

const TABLE = {
  'home-down': {
    status: 503,
    text: 'This part of the community is not answering right now. Nothing is lost; try again in a few seconds.',
  },
  'directory-down': {
    status: 503,
    text: 'The community cannot look up who lives where right now. Nothing is lost; try again in a few seconds.',
  },
  moving: { status: 503, text: 'This account is being moved. Try again in a few seconds.' },
  'not-here': { status: 421, text: 'This member lives on another instance.' },
  'too-large': { status: 413, text: 'This form is larger than a log-in can be.' },
} as const

export const textOf = (code: DoorRefusal['code']): string => TABLE[code].text

const RETRY_SECONDS = '5'

/** Thrown by the door, and shown by the same pages as everything else that goes wrong. */
export class DoorRefused extends Error {
  readonly code: DoorRefusal['code']
  readonly statusCode: 413 | 421 | 503
  constructor({ code }: DoorRefusal) {
    super(TABLE[code].text)
    this.name = 'DoorRefused'
    this.code = code
    this.statusCode = TABLE[code].status
  }
}

/** Ends a request. Never 404 or 410 here: remote servers would believe it and forget the member. */
export function refuse(reply: FastifyReply, refusal: DoorRefusal): never {
  const refused = new DoorRefused(refusal)
  reply.header('cache-control', 'no-store')
  if (refused.statusCode === 503) reply.header('retry-after', RETRY_SECONDS)
  throw refused
}
