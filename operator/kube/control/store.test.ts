import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configMap } from '../testing/api-server.ts'
import type { KubeObject } from '../types.ts'
import { createStore } from './store.ts'

const color = (object: KubeObject): string[] => {
  const { color } = Object(object.data)
  return typeof color === 'string' ? [color] : []
}

test('after any changes the store and its index are those of a plain list', () => {
  const object = fc
    .record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      version: fc.integer({ min: 1, max: 1000 }),
      color: fc.constantFrom('red', 'green', undefined),
    })
    .map(({ name, version, color }) => configMap(name, `${version}-${color}`, color ? { color } : {}))
  const step = fc.oneof(
    fc.record({ do: fc.constant('put' as const), object }),
    fc.record({ do: fc.constant('remove' as const), object }),
    fc.record({
      do: fc.constant('replace' as const),
      objects: fc.uniqueArray(object, { selector: ({ metadata }) => metadata.name }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const store = createStore({ color })
      const model = new Map<string, ReturnType<typeof configMap>>()
      for (const one of steps) {
        const before = new Map(model)
        if (one.do === 'put') model.set(one.object.metadata.name, one.object)
        else if (one.do === 'remove') model.delete(one.object.metadata.name)
        else {
          model.clear()
          for (const object of one.objects) model.set(object.metadata.name, object)
        }
        const changes =
          one.do === 'put'
            ? store.put(one.object)
            : one.do === 'remove'
              ? store.remove(one.object)
              : store.replace(one.objects)
        // Exactly what differs is told.
        const told = [changes ?? []].flat().map(({ key }) => key)
        const differing = ['a', 'b', 'c', 'd'].filter(
          (name) => before.get(name)?.metadata.resourceVersion !== model.get(name)?.metadata.resourceVersion,
        )
        expect(told.sort()).toEqual(differing.map((name) => `default/${name}`))
      }
      const names = (objects: readonly { metadata: { name: string } }[]) =>
        objects.map(({ metadata }) => metadata.name).sort()
      expect(names(store.list())).toEqual(names([...model.values()]))
      for (const value of ['red', 'green']) {
        expect(names(store.by('color', value))).toEqual(
          names([...model.values()].filter((object) => color(object).includes(value))),
        )
      }
    }),
  )
})
