// One PostgreSQL for all tests of a run; each test file makes databases of its own in it.
import type { TestProject } from 'vitest/node'
import { startPostgres } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The port of the run's PostgreSQL on 127.0.0.1, superuser `postgres`, no password. */
    postgresPort: number
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres()
  project.provide('postgresPort', server.port)
  return () => server.stop()
}
