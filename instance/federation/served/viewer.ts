// Which server asks for a document, if the request is signed: the servers of followers may read what is for followers.
import type { FastifyRequest } from 'fastify'
import type { Instance } from '../../instance.ts'
import type { ServerViewer } from '../../visibility/visibility.ts'
import { sameOrigin } from '../in/activity.ts'
import { signerOf } from '../in/proof/verify.ts'

/** Undefined for strangers. A signature that cannot be checked makes a stranger, no error. */
export async function viewerOf(
  instance: Instance,
  request: FastifyRequest,
): Promise<ServerViewer | undefined> {
  if (!request.headers.signature) return undefined
  const headers = new Headers()
  for (const name of [
    'signature',
    'signature-input',
    'date',
    'accept',
    'user-agent',
    'digest',
    'accept-encoding',
  ]) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  headers.set('host', new URL(instance.config.origin).host)
  try {
    const signer = await signerOf(
      instance,
      new Request(`${instance.config.origin}${request.raw.url}`, { headers }),
    )
    // A signature without the address could be one that another server was shown, and passes on to us.
    if (signer.is !== 'signed' || !signer.addressed || !sameOrigin(signer.keyId, signer.owner))
      return undefined
    return { server: new URL(signer.owner).host }
  } catch (error) {
    instance.log.info({ err: error }, 'a signed request could not be checked')
    return undefined
  }
}
