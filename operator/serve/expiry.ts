// When certificates end, for whoever watches numbers.
import { Gauge, type Registry } from 'prom-client'

/** Takes note of when the certificate of a Community ends; undefined: it is not known, or the Community is gone. */
export type NoteExpiry = (
  community: { readonly namespace?: string | undefined; readonly name: string },
  notAfterMs: number | undefined,
) => void

/** `hamlet_certificate_expiration_timestamp_seconds`: the condition Certified says of what. */
export function createExpiry(registry: Registry): NoteExpiry {
  const gauge = new Gauge({
    name: 'hamlet_certificate_expiration_timestamp_seconds',
    help: 'When a Community is left without a valid certificate if nobody does anything, in seconds since 1970.',
    labelNames: ['namespace', 'community'],
    registers: [registry],
  })
  return ({ namespace = '', name }, notAfterMs) => {
    const labels = { namespace, community: name }
    if (notAfterMs === undefined) gauge.remove(labels)
    else gauge.set(labels, notAfterMs / 1000)
  }
}
