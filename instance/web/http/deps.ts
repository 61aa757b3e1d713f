import type { FastifyRequest } from 'fastify'
import type { Instance } from '../../instance.ts'
import type { Assets } from './assets.ts'
import type { Shell } from './shell.ts'

/** What routes of pages are given. */
export type Web = {
  readonly instance: Instance
  readonly assets: Assets
  readonly shell: (request: FastifyRequest) => Promise<Shell>
}
