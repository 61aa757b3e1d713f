// JSON-LD contexts: only those that come with Fedify. Our own documents use no others, and strangers' are not expanded.
import type { DocumentLoader } from '@fedify/vocab-runtime'
import { fedify } from '../fedify.ts'

/** Never touches the network. */
export async function preloadedOnly(): Promise<DocumentLoader> {
  const { preloadedContexts } = await fedify()
  return async (url) => {
    const document = preloadedContexts[url]
    if (document === undefined) throw new Error(`${url} is no context that we use`)
    return { document, documentUrl: url, contextUrl: null }
  }
}
