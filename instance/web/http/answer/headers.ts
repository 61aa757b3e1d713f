// What every page tells the browser to refuse.
import type { FastifyInstance } from 'fastify'

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  // Pictures of people elsewhere come from their servers.
  "img-src 'self' https: blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A member's pages are kept by nobody; what is the same for everybody may be kept for a moment. */
export const PRIVATE = 'private, no-store'
export const SHARED = 'public, max-age=15, stale-while-revalidate=60'

/**
 * Not `no-referrer`: browsers would send `Origin: null` with our own forms, and they would be refused as another
 * site's.
 */
export function registerHeaders(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply, payload) => {
    const set = (name: string, value: string) => {
      if (!reply.hasHeader(name)) reply.header(name, value)
    }
    set('content-security-policy', POLICY)
    set('x-content-type-options', 'nosniff')
    set('referrer-policy', 'same-origin')
    set('cross-origin-opener-policy', 'same-origin')
    set('permissions-policy', 'camera=(), microphone=(), geolocation=(), interest-cohort=()')
    set('strict-transport-security', 'max-age=31536000')
    set('cache-control', PRIVATE)
    return payload
  })
}
