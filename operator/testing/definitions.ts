// Our kinds on a cluster that does not have them yet.
import { allDefinitions } from '../api/definitions/crd.ts'
import { resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'

/** Applies all definitions and waits until the API server serves them. */
export async function definitions(kube: Kube): Promise<void> {
  for (const definition of allDefinitions()) {
    await kube.apply(definition as KubeObject, 'hamlet-tests')
    const { name } = (definition as KubeObject).metadata
    const established = async () => {
      const object = await kube.get(resources.customResourceDefinition, { name })
      return (Object(object?.status).conditions ?? []).some(
        (one: { type: string; status: string }) => one.type === 'Established' && one.status === 'True',
      )
    }
    for (let tries = 0; !(await established()); tries++) {
      if (tries > 100) throw new Error(`${name} is not served`)
      await new Promise((wake) => setTimeout(wake, 100))
    }
  }
}
