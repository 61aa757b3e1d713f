// The credentials of the bundled PostgreSQL: made once by the operator, never by Helm, which would draw them anew.
import { randomBytes } from 'node:crypto'
import { appLabels } from '../build/owned.ts'
import type { Config } from '../config.ts'
import { isAlreadyExists } from '../kube/error.ts'
import { resources } from '../kube/resources.ts'
import type { Kube } from '../kube/types.ts'

/** Create-only: what is there is kept, and several replicas may try at once. */
export async function ensureAdminSecret(
  kube: Pick<Kube, 'get' | 'create'>,
  { namespace, postgres }: Pick<Config, 'namespace' | 'postgres'>,
): Promise<void> {
  if (!postgres || (await kube.get(resources.secret, { namespace, name: postgres.secret }))) return
  const password = () => Buffer.from(randomBytes(24).toString('base64url')).toString('base64')
  try {
    await kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: postgres.secret,
        namespace,
        labels: { ...appLabels, 'app.kubernetes.io/component': 'postgres' },
      },
      type: 'Opaque',
      data: {
        username: Buffer.from('hamlet_admin').toString('base64'),
        password: password(),
        'superuser-password': password(),
      },
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}
