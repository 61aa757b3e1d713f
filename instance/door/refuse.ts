// The door's own answers, for people and for programs.
import type { FastifyReply, FastifyRequest } from 'fastify'

export type DoorRefusal =
  /** The member's home gives no answer. */
  | { readonly code: 'home-down' }
  /** Neither memory nor the directory says where the member lives. */
  | { readonly code: 'directory-down' }
  /** Asked by a sibling for somebody who lives elsewhere. */
  | { readonly code: 'not-here' }
  | { readonly code: 'too-large' }

const TABLE = {
  'home-down': {
    status: 503,
    title: 'Just a moment',
    text: 'This part of the community is not answering right now. Nothing is lost; try again in a few seconds.',
  },
  'directory-down': {
    status: 503,
    title: 'Just a moment',
    text: 'The community cannot look up who lives where right now. Nothing is lost; try again in a few seconds.',
  },
  'not-here': { status: 421, title: 'Not here', text: 'This member lives on another instance.' },
  'too-large': { status: 413, title: 'Too large', text: 'This form is larger than a log-in can be.' },
} as const

const RETRY_SECONDS = '5'

/** Whether the asker is a program that reads JSON; browsers always name HTML. */
export function wantsJson(accept: string | undefined): boolean {
  return accept !== undefined && /json/i.test(accept) && !/text\/html/i.test(accept)
}

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title></head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>
`
}

/** Answers with a refusal. Never 404 or 410 here: remote servers would believe it and forget the member. */
export function refuse(request: FastifyRequest, reply: FastifyReply, refusal: DoorRefusal): FastifyReply {
  const { status, title, text } = TABLE[refusal.code]
  reply.code(status).header('cache-control', 'no-store').header('vary', 'Accept')
  if (status === 503) reply.header('retry-after', RETRY_SECONDS)
  if (wantsJson(request.headers.accept)) {
    return reply.type('application/json; charset=utf-8').send({ error: text })
  }
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'")
    .send(page(title, text))
}
