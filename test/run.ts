// The one test command: from cheap to costly, everything it needs set up by itself, one closing line of counts.
// `npm test -- unit postgres` runs just the stages named.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Count = { passed: number; failed: number; skipped: number }
type Stage = { name: string; what: string; run: () => Promise<Count> }

const reports = await mkdtemp(join(tmpdir(), 'hamlet-test-'))

function command(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** A tool that says yes or no counts as one test. */
async function tool(program: string, args: readonly string[]): Promise<Count> {
  const failed = (await command(program, args)) === 0 ? 0 : 1
  return { passed: 1 - failed, failed, skipped: 0 }
}

type VitestReport = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTotalTests: number
  success: boolean
}

async function vitest(project: string): Promise<Count> {
  const outputFile = join(reports, `${project}.json`)
  const code = await command('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${outputFile}`,
  ])
  const text = await readFile(outputFile, 'utf8').catch(() => undefined)
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(text) as VitestReport
  // A suite that does not load, or an error outside any test, fails the run without failing a test.
  const outside = code !== 0 && report.numFailedTests === 0 ? 1 : 0
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + outside,
    skipped: report.numPendingTests,
  }
}

const stages: Stage[] = [
  { name: 'types', what: 'the TypeScript compiler, strict', run: () => tool('tsc', []) },
  {
    name: 'lint',
    what: 'format, lint rules and folder boundaries',
    run: () => tool('biome', ['check', '.']),
  },
  { name: 'unit', what: 'pure decisions, builders, parsers', run: () => vitest('unit') },
  { name: 'postgres', what: 'whole instances on a real PostgreSQL', run: () => vitest('postgres') },
  {
    name: 'cluster',
    what: 'a real Kubernetes; a first run builds it, which may take 15 minutes',
    run: () => vitest('cluster'),
  },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name))
if (unknown.length > 0) {
  console.error(
    `No such stage: ${unknown.join(', ')}. There are: ${stages.map((stage) => stage.name).join(', ')}.`,
  )
  process.exit(2)
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }
for (const stage of stages) {
  if (wanted.length > 0 && !wanted.includes(stage.name)) continue
  console.log(`\n== ${stage.name}: ${stage.what}`)
  const began = Date.now()
  const count = await stage.run()
  total.passed += count.passed
  total.failed += count.failed
  total.skipped += count.skipped
  const seconds = Math.round((Date.now() - began) / 1000)
  console.log(`== ${stage.name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s`)
}
await rm(reports, { recursive: true, force: true })
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
