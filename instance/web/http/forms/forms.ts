// Forms: read with their types checked, and only from our own pages.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { csrfMatches, type SignedIn } from '../../../accounts/session.ts'
import { type Refusal, refuse } from '../../../refusal.ts'
import { isId } from '../../../store/ids.ts'

/** U+0000, which PostgreSQL takes in no text, as the character that stands for what cannot be shown. */
export const storable = (typed: string): string => typed.replaceAll('\0', '\uFFFD')

/** A field that is missing, or sent twice, is empty. */
export const text = z.string().transform(storable).catch('')

/** Reads a form's fields by their names; unknown ones are left out. Never fails: what is wrong is empty. */
export function readForm<T extends z.ZodRawShape>(shape: T, body: unknown): z.infer<z.ZodObject<T>> {
  return z.object(shape).parse(typeof body === 'object' && body !== null ? body : {})
}

/** The member behind a form, or why it is not taken: nobody is logged in, or another site may have sent it. */
export function formMember(request: FastifyRequest, csrf: unknown): SignedIn | Refusal {
  if (!request.member) return refuse('log-in-first')
  // A browser that says where a request comes from is believed before the token is even looked at.
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return refuse('bad-origin')
  return csrfMatches(request, csrf) ? request.member : refuse('bad-csrf')
}

/**
 * The same for a form on a sibling's page, which cannot know the token of a session at another home: it must say that
 * it comes from our own origin, as every browser does that sends a form.
 */
export function neighbourForm(request: FastifyRequest, csrf: string, origin: string): SignedIn | Refusal {
  if (csrf !== '' || !request.member) return formMember(request, csrf)
  return request.headers.origin === origin ? request.member : refuse('bad-csrf')
}

/** The same for forms before anybody is logged in: another site's could log somebody in as somebody else. */
export function strangerForm(request: FastifyRequest): Refusal | undefined {
  const site = request.headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none' ? refuse('bad-origin') : undefined
}

export const wantsJson = (request: FastifyRequest): boolean =>
  request.headers.accept?.startsWith('application/json') ?? false

/** An id from a path; anything else is nobody's. */
export const idOf = (given: unknown): string => (isId(given) ? given : '0')
