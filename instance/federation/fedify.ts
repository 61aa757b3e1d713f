// Fedify, loaded when it is first needed: its import takes most of a second, which start-up need not wait for.
import type * as FedifyModule from '@fedify/fedify'
import type * as VocabModule from '@fedify/vocab'
import type * as RuntimeModule from '@fedify/vocab-runtime'

export type Fedify = typeof FedifyModule & {
  readonly vocab: typeof VocabModule
  readonly preloadedContexts: typeof RuntimeModule.preloadedContexts
}

let loading: Promise<Fedify> | undefined

/** The module, imported once per process. Fedify brings its own Temporal, which Node 24 does not have. */
export function fedify(): Promise<Fedify> {
  loading ??= Promise.all([
    import('@fedify/fedify'),
    import('@fedify/vocab'),
    import('@fedify/vocab-runtime'),
  ]).then(([main, vocab, runtime]) => ({ ...main, vocab, preloadedContexts: runtime.preloadedContexts }))
  return loading
}
