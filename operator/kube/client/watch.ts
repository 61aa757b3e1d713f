// A watch: lines of JSON, one event each, until the server or the caller ends it.
import { failureOf, KubeError } from '../error.ts'
import { pathOf } from '../resources.ts'
import type { KubeObject, Resource, Selection, WatchEvent } from '../types.ts'
import { lost, type Transport } from './transport.ts'

export async function* watchEvents(
  transport: Transport,
  resource: Resource,
  selection: Selection,
  options: { resourceVersion: string; timeoutSeconds: number; signal: AbortSignal },
): AsyncGenerator<WatchEvent> {
  const path = pathOf(resource, { ...(selection.namespace && { namespace: selection.namespace }) })
  const body = await transport.stream(
    {
      method: 'GET',
      verb: 'watch',
      resource: resource.plural,
      path,
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(Math.round(options.timeoutSeconds)),
        labelSelector: selection.labelSelector,
        fieldSelector: selection.fieldSelector,
      },
    },
    options.signal,
  )
  try {
    for await (const line of lines(body)) yield eventOf(line, resource, path)
  } catch (error) {
    throw error instanceof KubeError ? error : lost(error, `watch ${path}`)
  }
}

function eventOf(line: string, resource: Resource, path: string): WatchEvent {
  const { type, object } = Object(JSON.parse(line))
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as KubeObject }
    case 'BOOKMARK':
      return { type, resourceVersion: String(object?.metadata?.resourceVersion ?? '') }
    case 'ERROR':
      // A Status object: 410 when the version is too old.
      throw new KubeError(failureOf(Number(object?.code ?? 500), JSON.stringify(object), `watch ${path}`))
    default:
      throw new Error(`watch ${resource.plural}: unknown event ${String(type)}`)
  }
}

/** Splits at newlines; pieces of one line may come in many chunks, and are joined once. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let begun: string[] = []
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [index, part] of parts.entries()) {
      begun.push(part)
      if (index === parts.length - 1) continue
      const line = begun.join('')
      begun = []
      if (line !== '') yield line
    }
  }
  // What is left was cut off in the middle: the next watch brings it again.
}
