// The style sheet and the script, made once at start, named by their content and served from memory.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

export type Asset = {
  /** `/assets/<hash>.<ext>`; another content has another path. */
  readonly path: string
  /** For the `integrity` attribute. */
  readonly integrity: string
  readonly type: string
  readonly bytes: Buffer
}

export type Assets = { readonly style: Asset; readonly script: Asset; readonly icon: Asset }

/** Beside the sources this is `web/public`; the bundle and its chunks find it beside or above themselves. */
function folder(): URL {
  const found = ['../public/', './public/'].map((path) => new URL(path, import.meta.url)).find(existsSync)
  if (!found) throw new Error('The folder of web assets is missing: the build copies it to dist/public.')
  return found
}

export function readAssets(from: URL = folder()): Assets {
  const read = (ext: string) =>
    readdirSync(from)
      .filter((name) => name.endsWith(`.${ext}`))
      .sort()
      .map((name) => readFileSync(new URL(name, from), 'utf8'))
      .join('\n')
  return {
    style: asset(read('css'), 'css', 'text/css; charset=utf-8'),
    script: asset(read('js'), 'js', 'text/javascript; charset=utf-8'),
    icon: asset(read('svg'), 'svg', 'image/svg+xml'),
  }
}

function asset(text: string, ext: string, type: string): Asset {
  const bytes = Buffer.from(text)
  const hash = createHash('sha256').update(bytes)
  return {
    path: `/assets/${hash.copy().digest('hex').slice(0, 20)}.${ext}`,
    integrity: `sha256-${hash.digest('base64')}`,
    type,
    bytes,
  }
}

export function registerAssets(app: FastifyInstance, assets: Assets): void {
  for (const { path, type, bytes } of Object.values(assets)) {
    app.get(path, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(bytes),
    )
  }
}
