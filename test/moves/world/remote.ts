// Servers that are not ours: what they get is written down, what they are asked for they answer.
import type { Egress, EgressResponse } from '../../../instance/federation/egress/egress.ts'

export const FAR = 'https://far.example'
export const FAR_INBOX = `${FAR}/inbox`

/** People of far.example: one who writes, one who follows every member, one who follows and unfollows. */
export const STRANGERS = ['bob', 'carol', 'dora'] as const
export type Stranger = (typeof STRANGERS)[number]
export const strangerUri = (name: string): string => `${FAR}/users/${name}`

const actor = (uri: string) => ({
  id: uri,
  type: 'Person',
  preferredUsername: uri.split('/').at(-1),
  inbox: `${uri}/inbox`,
  followers: `${uri}/followers`,
  endpoints: { sharedInbox: FAR_INBOX },
})

/** A network in which far.example has every actor that it is asked for, and nothing else is there. */
export function farAway(): Egress {
  return {
    request: async (url): Promise<EgressResponse> => {
      const address = String(url)
      const known = address.startsWith(`${FAR}/users/`)
      return {
        status: known ? 200 : 404,
        headers: new Headers({ 'content-type': 'application/activity+json' }),
        body: Buffer.from(known ? JSON.stringify(actor(address)) : ''),
        url: address,
      }
    },
    get dispatcher(): never {
      throw new Error('nothing here brings its own request code')
    },
    close: async () => undefined,
  }
}
