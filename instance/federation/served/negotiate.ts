// Who wants the ActivityPub document of an address, and who the page. Pure.

const MACHINE = /^application\/(?:activity\+json|ld\+json|json)$/

/**
 * Whether the document is wanted rather than the page: only if it is asked for by name, and not after HTML. A plain
 * "anything" gets the page, for that is what people's programs send.
 */
export function wantsDocument(accept: string | undefined): boolean {
  let best: { readonly machine: boolean; readonly quality: number } | undefined
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const machine = MACHINE.test(type)
    if (!machine && type !== 'text/html' && type !== 'application/xhtml+xml') continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = weight ? Number(weight.slice(2)) : 1
    if (Number.isNaN(quality) || quality <= 0) continue
    if (!best || quality > best.quality) best = { machine, quality }
  }
  return best?.machine ?? false
}
