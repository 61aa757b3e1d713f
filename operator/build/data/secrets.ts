// The Secrets of a community. Made once: whatever is random in them stays, and can be given anew if it is lost.
import type { KubeObject } from '../../kube/types.ts'
import { databaseUrl, type Endpoint, POSTGRES_CA } from '../database-url.ts'
import { communitySecretName, databaseName, directoryName, instanceName, invitationName } from '../names.ts'
import { communityLabels, instanceLabels, type Owner, owned } from '../owned.ts'

/** The key of the Secret, and so the file in the pod, with the CA of the cluster's own certificates. */
export const TRUSTED_CA = 'ca.crt'

type Secret = KubeObject & { data: Record<string, string> }

function secret(metadata: KubeObject['metadata'], texts: Record<string, string>): Secret {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }
}

/** What a Secret says, decoded; undefined if there is none. */
export function readSecret(object: KubeObject | undefined): Record<string, string> | undefined {
  if (!object) return undefined
  const entries = Object.entries(Object(object.data) as Record<string, unknown>)
  return Object.fromEntries(
    entries.flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, Buffer.from(value, 'base64').toString('utf8')]] : [],
    ),
  )
}

/** For all instances of a community: the way to the directory, and the key of the internal port. */
export const buildCommunitySecret = (
  owner: Owner,
  wish: {
    endpoint: Endpoint
    prefix: string
    password: string
    internalKey: string
    trustedCa: string | undefined
  },
): Secret =>
  secret(owned(owner, communitySecretName(owner.name)), {
    'directory-url': databaseUrl(wish.endpoint, directoryName(wish.prefix), wish.password),
    'internal-key': wish.internalKey,
    ...(wish.endpoint.ca ? { [POSTGRES_CA]: wish.endpoint.ca } : {}),
    ...(wish.trustedCa ? { [TRUSTED_CA]: wish.trustedCa } : {}),
  })

/** For one instance: the way to its own database, which no other instance gets. */
export const buildInstanceSecret = (
  owner: Owner,
  wish: { endpoint: Endpoint; prefix: string; ordinal: number; password: string },
): Secret =>
  secret(owned(owner, instanceName(owner.name, wish.ordinal), instanceLabels(owner, wish.ordinal)), {
    'database-url': databaseUrl(wish.endpoint, databaseName(wish.prefix, wish.ordinal), wish.password),
  })

/** For the first organiser: a link that works once. */
export const buildInvitation = (owner: Owner, wish: { domain: string; token: string }): Secret =>
  secret(owned(owner, invitationName(owner.name), communityLabels(owner)), {
    link: `https://${wish.domain}/invitation/${wish.token}`,
    token: wish.token,
  })
