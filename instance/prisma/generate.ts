// Makes the Kysely table types in instance/store/gen from the two Prisma schemas.
import { execFileSync } from 'node:child_process'

for (const schema of ['schema', 'directory']) {
  execFileSync('prisma', ['generate', '--schema', `instance/prisma/${schema}.prisma`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // Generating needs no engine, but Prisma insists that the file is there, and would download it.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  })
}
