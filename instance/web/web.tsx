// The pages: everything that people see in a browser.
import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../instance.ts'
import { registerEntry } from './entry/routes.tsx'
import { registerErrorPages } from './http/answer/errors.ts'
import { registerHeaders } from './http/answer/headers.ts'
import { readAssets, registerAssets } from './http/assets.ts'
import type { Web } from './http/deps.ts'
import { registerMedia } from './http/forms/media.ts'
import { readShell } from './http/shell.ts'
import { registerOwn } from './own/routes.tsx'
import { registerPeople } from './people/routes.tsx'
import { registerReading } from './reading/routes.tsx'
import { registerWriting } from './writing/routes.tsx'

/**
 * What all pages share, and the pages for what goes wrong anywhere in the server. Comes before every route: one that
 * is registered earlier keeps the handler of that moment.
 */
export function prepareWeb(app: FastifyInstance, instance: Instance): Web {
  const assets = readAssets()
  const web: Web = { instance, assets, shell: (request) => readShell(instance, assets, request) }
  registerErrorPages(app, web)
  return web
}

/** Registers all pages, forms, pictures and assets, in a scope of their own. The session plugin comes before. */
export async function registerWeb(app: FastifyInstance, web: Web): Promise<void> {
  const { instance, assets } = web
  await app.register(async (pages) => {
    registerHeaders(pages)
    await pages.register(formbody, { bodyLimit: 256 * 1024 })
    await pages.register(multipart)
    registerAssets(pages, assets)
    registerMedia(pages, instance)
    registerEntry(pages, web)
    registerReading(pages, web)
    registerWriting(pages, web)
    registerPeople(pages, web)
    registerOwn(pages, web)
  })
}
