/**
 * Something made once for each owner and kept as long as it, without the owner having to know of it. A promise that
 * fails is not kept: a connection that was lost at the first try must not fail all later ones.
 */
export function once<Owner extends object, T>(make: (owner: Owner) => T): (owner: Owner) => T {
  const made = new WeakMap<Owner, { readonly value: T }>()
  return (owner) => {
    const known = made.get(owner)
    if (known) return known.value
    const entry = { value: make(owner) }
    made.set(owner, entry)
    if (entry.value instanceof Promise) {
      entry.value.catch(() => {
        if (made.get(owner) === entry) made.delete(owner)
      })
    }
    return entry.value
  }
}
