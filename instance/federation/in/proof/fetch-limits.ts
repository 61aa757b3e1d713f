// How many keys may be fetched at once: a crowd of slow servers must not hold us up, nor one server all the others.
import { DocumentUnavailable } from '../../remote/document.ts'

/**
 * A fetch of which at most `most` run at once, and `perHost` of one host; callers for one address share one.
 * @throws DocumentUnavailable `later` beyond that
 */
export function limitedFetches<T>(
  limits: { readonly most: number; readonly perHost: number },
  fetch: (address: string) => Promise<T>,
): (address: string) => Promise<T> {
  const running = new Map<string, { readonly host: string; readonly result: Promise<T> }>()
  return (address) => {
    const known = running.get(address)
    if (known) return known.result
    const host = URL.parse(address)?.host ?? ''
    const ofHost = [...running.values()].filter((other) => other.host === host).length
    if (running.size >= limits.most || ofHost >= limits.perHost) {
      return Promise.reject(new DocumentUnavailable('later', 'too many keys are being fetched'))
    }
    const result = fetch(address).finally(() => running.delete(address))
    running.set(address, { host, result })
    return result
  }
}
