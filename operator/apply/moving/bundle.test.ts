// What the image holds: the planner's thread lies beside the bundle, and starts as the image's user on a root that is
// read-only.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePlan } from '../../decide/rebalance/plan/plan.ts'
import { makeCommunity } from '../../testing/snapshots/community.ts'
import { id, makeMoves } from '../../testing/snapshots/rebalance.ts'

const ROOT = join(import.meta.dirname, '../../..')
let app = ''
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'hamlet-bundle-'))
  await execa(process.execPath, [join(ROOT, 'build.ts'), app], { cwd: ROOT })
  // The folder that mkdtemp makes is the maker's alone.
  await chmod(app, 0o555)
}, 120_000)
afterAll(() => rm(app, { recursive: true, force: true }))

/** As the Containerfile and the chart have it. Whoever is no root runs it as themselves. */
const runIn = (args: readonly string[], input?: string) =>
  execa(process.execPath, args, {
    cwd: app,
    reject: false,
    extendEnv: false,
    env: {
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(app, 'compiled'),
      NODE_OPTIONS: '--max-semi-space-size=2',
    },
    ...(process.getuid?.() === 0 && { uid: 1000, gid: 1000 }),
    ...(input !== undefined && { input }),
  })

test('the operator of the bundle starts as far as its settings, so it has found its thread', async () => {
  const { exitCode, stderr } = await runIn(['operator.js'])
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('HAMLET_') })
})

/** Numbers of instances are in maps, which JSON does not know. */
const ENTRIES = '(_, value) => (value instanceof Map ? [...value] : value)'
const plain = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part))

test('the thread of the bundle makes the plan that is made here', async () => {
  const homes = Array.from({ length: 6 }, (_, index) => 1 + Math.floor(index / 3))
  const posed = {
    community: makeCommunity({ seats: { perInstance: 2 } }),
    facts: makeMoves([2, 2, 2], homes),
  }
  const ties = [{ from: id(0), to: id(1), follows: true, replies: 1, boosts: 0, likes: 0 }]
  const ask = `const [posed, ties] = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
    const { Worker } = require('node:worker_threads')
    const worker = new Worker(process.cwd() + '/planner-thread.js', { workerData: [posed, ties, new Map()], execArgv: [] })
    worker.on('message', (state) => console.log(JSON.stringify(state, ${ENTRIES})))`
  const { stdout, stderr } = await runIn(
    ['--input-type=commonjs', '--eval', ask],
    JSON.stringify([posed, ties]),
  )
  const here = makePlan(posed, ties, new Map())
  expect({ stderr, state: stdout }).toEqual({ stderr: '', state: plain(here) })
  expect(here).toMatchObject({ is: 'made', plan: { order: [{ to: 3 }, { to: 3 }] } })
})
