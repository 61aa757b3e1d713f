// Pages as answers.
import type { FastifyReply } from 'fastify'
import type { ComponentChildren } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { type Refusal, refusalStatus, refusalText } from '../../../refusal.ts'
import { Failure } from '../../components/failure.tsx'
import { Document, type Head } from '../../components/layout.tsx'
import type { Shell } from '../shell.ts'
import { PRIVATE, SHARED } from './headers.ts'

type Options = Omit<Head, 'title'> & {
  readonly title: string
  readonly status?: number
  /** What the page declines to do: its status, and when to ask again. */
  readonly refusal?: Refusal | undefined
  /** The same for everybody who is not logged in. */
  readonly shared?: boolean
}

/** Sends a page. Everything in it was escaped by the renderer, except HTML that was sanitised before it was stored. */
export function sendPage(
  reply: FastifyReply,
  shell: Shell,
  options: Options,
  body: ComponentChildren,
): FastifyReply {
  const { refusal, status = refusal ? refusalStatus(refusal) : 200, shared = false, ...head } = options
  if (refusal?.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter))
  const html = renderToString(
    <Document shell={shell} head={head}>
      {body}
    </Document>,
  )
  const open = shared && !shell.me && !shell.neighbour && status === 200
  return reply
    .code(status)
    .header('cache-control', open ? SHARED : PRIVATE)
    .header('vary', 'Accept, Cookie')
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>${html}`)
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'That did not work',
  401: 'Log in first',
  403: 'Not for you',
  404: 'Nobody lives here',
  410: 'Gone',
  413: 'Too large',
  421: 'Just a moment',
  422: 'That did not work',
  429: 'Slow down a little',
  500: 'Something broke',
  503: 'Just a moment',
}

/** A page that says what went wrong and what to do about it. */
export function sendFailure(
  reply: FastifyReply,
  shell: Shell,
  status: number,
  text: string,
  retryAfter?: number,
): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  const title = TITLES[status] ?? 'That did not work'
  return sendPage(
    reply,
    shell,
    { title, status, robots: 'noindex' },
    <Failure shell={shell} status={status} title={title} text={text} />,
  )
}

export const sendRefusal = (reply: FastifyReply, shell: Shell, refusal: Refusal): FastifyReply =>
  sendFailure(reply, shell, refusalStatus(refusal), refusalText(refusal), refusal.retryAfter)
