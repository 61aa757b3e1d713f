// Whether this process still wants requests.

export type Lifecycle = {
  /** True from the moment it was told to end: it is not ready, and asks every client to come back elsewhere. */
  readonly stopping: boolean
  stop(): void
}

export function makeLifecycle(): Lifecycle {
  let stopping = false
  return {
    get stopping() {
      return stopping
    },
    stop: () => {
      stopping = true
    },
  }
}
