/** The request was not sent, or its answer not taken, because the rules for outgoing requests forbid it. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused'
}
