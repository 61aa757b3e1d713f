// The community's Secret and the organiser's invitation.
import { createHash } from 'node:crypto'
import type { Claim } from '../../build/data/claim.ts'
import { buildCommunitySecret, buildInvitation, readSecret } from '../../build/data/secrets.ts'
import { passwordOf } from '../../build/database-url.ts'
import { directoryName } from '../../build/names.ts'
import type { Owner } from '../../build/owned.ts'
import type { KubeObject } from '../../kube/types.ts'
import type { Step } from '../decision.ts'
import type { CommunitySnapshot, DirectoryFacts } from '../snapshot.ts'

/** Does the live Secret hold other data than this? */
export const secretDiffers = (live: KubeObject | undefined, wanted: KubeObject): boolean => {
  if (!live) return true
  const [has, wants] = [readSecret(live) ?? {}, readSecret(wanted) ?? {}]
  const keys = Object.keys(wants)
  return keys.length !== Object.keys(has).length || keys.some((key) => has[key] !== wants[key])
}

/** The directory's password is the Secret's if there is one; else a new one, which the role is then given. */
export function decideCommunitySecret(
  { live, chance, server, ca }: CommunitySnapshot,
  owner: Owner,
  claim: Claim,
): { readonly password: string; readonly steps: readonly Step[] } {
  const had = readSecret(live.secret)
  const password = passwordOf(had?.['directory-url']) ?? chance.password
  if (!server.endpoint) return { password, steps: [] }
  const object = buildCommunitySecret(owner, {
    endpoint: server.endpoint,
    prefix: claim.prefix,
    password,
    internalKey: had?.['internal-key'] || chance.internalKey,
    trustedCa: ca,
  })
  return {
    password,
    steps: secretDiffers(live.secret, object) ? [{ do: 'put', object, live: live.secret }] : [],
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/**
 * The link by which the first organiser comes: first in the Secret, then its hash in the directory, so that a kill never
 * leaves an invitation that nobody can read. Once somebody is organiser the Secret goes.
 */
export function decideInvitation(
  { community, live, chance }: CommunitySnapshot,
  owner: Owner,
  claim: Claim,
  facts: DirectoryFacts,
): readonly (readonly Step[])[] {
  if (facts.organisers > 0) return live.invitation ? [[{ do: 'delete', object: live.invitation }]] : []
  if (facts.arriving > 0) return []
  const { domain } = community.spec
  const had = readSecret(live.invitation)?.token
  const known = had ? facts.invitations.find(({ hash }) => hash === hashOf(had)) : undefined
  // Used by somebody who then did not finish: it works no more, and nobody else could ever come.
  const token = had && known?.usesLeft !== 0 ? had : chance.token
  const object = buildInvitation(owner, { domain, token })
  const put: Step[] = secretDiffers(live.invitation, object)
    ? [{ do: 'put', object, live: live.invitation }]
    : []
  const invite: Step[] =
    token === had && known
      ? []
      : [
          {
            do: 'changeDirectory',
            name: directoryName(claim.prefix),
            changes: [{ change: 'inviteOrganiser', hash: hashOf(token) }],
          },
        ]
  return [put, invite]
}
