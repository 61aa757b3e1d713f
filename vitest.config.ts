import { defineConfig } from 'vitest/config'
import { mutation } from './test/moves/mutants/mutate.ts'

// Three kinds of test, cheap to costly: beside the code without I/O (`x.test.ts`), beside the code on a real
// PostgreSQL (`x.pg.test.ts`), and on a real cluster (`test/**/x.cluster.test.ts`).
export default defineConfig({
  // One mistake, for `npm run mutants`.
  plugins: [mutation(process.env.HAMLET_MUTANT)],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{operator,instance,test}/**/*.test.{ts,tsx}'],
          exclude: ['**/*.{pg,cluster,api}.test.{ts,tsx}'],
          // Properties take a second or two alone; a machine with other work must not make them fail.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['{operator,instance,test}/**/*.pg.test.{ts,tsx}'],
          globalSetup: 'test/postgres/server/global.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // What is waited for comes at once on a machine that has nothing else to do.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['{operator,test}/**/*.{cluster,api}.test.ts'],
          globalSetup: 'test/cluster/global.ts',
          // One cluster, one story at a time.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
