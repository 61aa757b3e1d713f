// What goes wrong below any route: the database being down is 503 for a while, the rest is our fault.
import type { FastifyInstance } from 'fastify'
import { isDatabaseDown } from './store/failures.ts'

const page = (title: string, text: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>${title}</title></head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>`

/** Browsers get a page, everybody else JSON; nobody gets a stack trace. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const down = isDatabaseDown(error)
    const given = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
    const status = down ? 503 : given >= 400 && given < 500 ? given : 500
    if (status === 500) request.log.error({ err: error, url: request.url }, 'a request failed')
    else if (down) request.log.warn({ err: error, url: request.url }, 'the database is down')
    const [title, text] =
      status === 503
        ? [
            'Back in a moment',
            'This part of the community is not available right now. Try again in a few seconds.',
          ]
        : status === 500
          ? [
              'Something went wrong',
              'That is our fault, and it was noted. Try again, or tell your organiser.',
            ]
          : ['That did not work', error instanceof Error ? escapeHtml(error.message) : 'Bad request']
    reply.code(status)
    if (status === 503) reply.header('retry-after', '5')
    if (request.headers.accept?.includes('text/html')) {
      return reply.type('text/html; charset=utf-8').send(page(title, text))
    }
    return reply.type('application/json').send({ error: text })
  })
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
