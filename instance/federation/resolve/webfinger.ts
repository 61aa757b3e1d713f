// WebFinger (RFC 7033): from `user@host` to an actor's URI.
import { z } from 'zod'
import type { Instance } from '../../instance.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import { EgressRefused } from '../egress/refused.ts'
import { httpsUri } from '../in/activity.ts'
import { isActivityType } from '../remote/document.ts'

const jrd = z.object({
  links: z
    .array(z.object({ rel: z.string(), type: z.string().optional(), href: z.string().optional() }))
    .max(200),
})

/** The actor's URI. Whether the actor agrees that it has this name is for whoever fetches it. */
export async function lookUpAddress(
  instance: Pick<Instance, 'egress' | 'log'>,
  user: string,
  host: string,
): Promise<string | Refusal> {
  const url = URL.parse(`https://${host}/.well-known/webfinger`)
  if (!url || url.host !== host) return refuse('not-found')
  url.searchParams.set('resource', `acct:${user}@${host}`)
  try {
    const response = await instance.egress.request(url, {
      headers: () => ({ accept: 'application/jrd+json, application/json' }),
      maxBytes: 64 * 1024,
    })
    if (response.status === 404 || response.status === 410 || response.status === 400)
      return refuse('not-found')
    if (response.status !== 200) return refuse('unavailable')
    const parsed = jrd.safeParse(JSON.parse(response.body.toString('utf8')))
    const link = parsed.data?.links.find((one) => one.rel === 'self' && isActivityType(one.type ?? null))
    return httpsUri(link?.href) ?? refuse('not-found')
  } catch (error) {
    instance.log.debug({ err: error, host }, 'a name could not be looked up')
    return refuse(
      error instanceof EgressRefused || error instanceof SyntaxError ? 'not-found' : 'unavailable',
    )
  }
}
