// Who asks for a document, if the request is signed: followers of a member may read what is for followers.
import type { FastifyRequest } from 'fastify'
import type { Instance } from '../../instance.ts'
import type { Viewer } from '../../visibility/visibility.ts'
import { signerOf } from '../in/proof/verify.ts'
import { readAccount } from '../resolve/store.ts'

/** Undefined for strangers. A signature that cannot be checked makes a stranger, no error. */
export async function viewerOf(instance: Instance, request: FastifyRequest): Promise<Viewer | undefined> {
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
    if (signer.is !== 'signed') return undefined
    const account = await readAccount(instance.db, { uri: signer.owner })
    return account && { id: account.id }
  } catch (error) {
    instance.log.info({ err: error }, 'a signed request could not be checked')
    return undefined
  }
}
