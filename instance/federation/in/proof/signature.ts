// What an HTTP signature covers. Pure: Fedify checks the cryptography, but accepts signatures that cover too little.

export type Covered = {
  readonly keyId: string | undefined
  /** Method, target and host: enough for a request without a body. */
  readonly address: boolean
  /** The same and the digest of the body. */
  readonly enough: boolean
}

/**
 * Whether the draft-cavage signature covers method and target, the host and the digest of the body. One that leaves
 * out the host could be replayed from any other server's inbox to ours.
 */
export function draftCoverage(signature: string): Covered {
  const fields = new Map<string, string>()
  for (const part of signature.split(',')) {
    const match = /^\s*([A-Za-z]+)=(?:"([^"]*)"|(\d+))\s*$/.exec(part)
    if (match?.[1]) fields.set(match[1], match[2] ?? match[3] ?? '')
  }
  const names = new Set((fields.get('headers') ?? '').split(/\s+/))
  const address = names.has('(request-target)') && names.has('host')
  return { keyId: fields.get('keyId'), address, enough: address && names.has('digest') }
}

/** One member of `Signature-Input`, which has the same grammar as `Accept-Signature`. */
export type SignatureInput = {
  readonly label: string
  readonly components: readonly { readonly value: string; readonly params: object }[]
  readonly parameters: { readonly keyid?: string }
}

/** The same question for RFC 9421, asked of the one signature that was verified. */
export function rfc9421Coverage(inputs: readonly SignatureInput[], label: string | undefined): Covered {
  const input =
    inputs.find((candidate) => candidate.label === label) ?? (inputs.length === 1 ? inputs[0] : undefined)
  if (!input) return { keyId: undefined, address: false, enough: false }
  const has = (name: string) =>
    input.components.some((part) => part.value === name && Object.keys(part.params).length === 0)
  const target =
    has('@target-uri') || ((has('@path') || has('@request-target')) && (has('@authority') || has('host')))
  const address = (has('@method') || has('@request-target')) && target
  return { keyId: input.parameters.keyid, address, enough: address && has('content-digest') }
}
