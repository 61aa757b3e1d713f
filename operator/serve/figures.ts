// What is known of each Community, for whoever watches numbers.
import { Gauge, type Registry } from 'prom-client'

/** Takes note of one number of a Community; undefined: it is not known, or the Community is gone. */
type Note = (
  community: { readonly namespace?: string | undefined; readonly name: string },
  number: number | undefined,
) => void

export type Figures = {
  /** When its certificate ends, in milliseconds since 1970; the condition Certified says of what. */
  readonly noteExpiry: Note
  /** How many Rebalances wait for somebody; the condition Balanced says how to approve or refuse them. */
  readonly noteAwaiting: Note
}

export function createFigures(registry: Registry): Figures {
  const expiry = createGauge(
    registry,
    'hamlet_certificate_expiration_timestamp_seconds',
    'When a Community is left without a valid certificate if nobody does anything, in seconds since 1970.',
  )
  return {
    noteExpiry: (community, ms) => expiry(community, ms === undefined ? undefined : ms / 1000),
    noteAwaiting: createGauge(
      registry,
      'hamlet_rebalances_awaiting_approval',
      'Rebalances of a Community whose plan waits until somebody approves or refuses it.',
    ),
  }
}

function createGauge(registry: Registry, name: string, help: string): Note {
  const gauge = new Gauge({ name, help, labelNames: ['namespace', 'community'], registers: [registry] })
  return ({ namespace = '', name }, number) => {
    const labels = { namespace, community: name }
    if (number === undefined) gauge.remove(labels)
    else gauge.set(labels, number)
  }
}
