// Do the tests of moves notice mistakes? `npm run mutants` makes each of a list, one at a time, and runs the test that
// must fail. Exits 1 if one of them passes, or if one fails without any mistake.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MUTANTS, type Mutant } from './list.ts'
import { fits } from './mutate.ts'

const folder = await mkdtemp(join(tmpdir(), 'hamlet-mutants-'))

type Ended = {
  readonly status: 'passed' | 'failed' | 'not run'
  readonly why: string
  readonly seconds: number
}

/** Runs one test, with a mutant or without. */
async function run({ file, test }: Mutant['by'], mutant: string | undefined): Promise<Ended> {
  const began = performance.now()
  const out = join(folder, `${Math.round(began * 1000)}.json`)
  const project = file.endsWith('.pg.test.ts') ? 'postgres' : 'unit'
  const escaped = test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const args = [
    'run',
    '--project',
    project,
    file,
    '-t',
    `${escaped}$`,
    '--reporter=json',
    `--outputFile=${out}`,
  ]
  const { HAMLET_MUTANT: _, ...env } = process.env
  const text = await new Promise<string>((resolve, reject) => {
    const child = spawn('vitest', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, ...(mutant !== undefined && { HAMLET_MUTANT: mutant }) },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
    child.once('error', reject)
    child.once('exit', () => resolve(said))
  })
  const seconds = Math.round((performance.now() - began) / 100) / 10
  const report = await readFile(out, 'utf8').catch(() => undefined)
  if (report === undefined) return { status: 'not run', why: text.slice(-2000), seconds }
  const { testResults } = JSON.parse(report) as {
    testResults: {
      message?: string
      assertionResults: { title: string; fullName: string; status: string; failureMessages: string[] }[]
    }[]
  }
  // There may be several of this title, one for each of its cases: noticed by one of them, it is noticed.
  const all = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ title, fullName }) => title === test || fullName === test)
  const found = all.find(({ status }) => status === 'failed') ?? all[0]
  const why = found?.failureMessages[0] ?? testResults[0]?.message ?? text
  const status = found?.status === 'passed' || found?.status === 'failed' ? found.status : 'not run'
  return { status, why: why.split('\n')[0] ?? '', seconds }
}

// A list that no longer fits the code says so before anything is run.
for (const mutant of MUTANTS) await fits(mutant)

const wanted = process.argv.slice(2)
const chosen = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
if (chosen.length === 0) {
  console.error(`No such mutant. There are: ${MUTANTS.map(({ name }) => name).join('; ')}.`)
  process.exit(2)
}

let failed = 0
const rows: string[][] = []
const controls = new Map<string, Ended>()
for (const { name, by } of chosen) {
  const control = controls.get(by.test) ?? (await run(by, undefined))
  controls.set(by.test, control)
  const ended = control.status === 'passed' ? await run(by, name) : control
  const killed = control.status === 'passed' && ended.status === 'failed'
  if (!killed) failed++
  const what = killed
    ? 'killed'
    : control.status === 'passed'
      ? `SURVIVED (${ended.status})`
      : 'FAILS WITHOUT IT'
  console.log(`${what}: ${name}, by "${by.test}" in ${ended.seconds} s${killed ? '' : `\n   ${ended.why}`}`)
  rows.push([name, what, `${by.file}: ${by.test}`, String(ended.seconds)])
}
await rm(folder, { recursive: true, force: true })

const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
console.log(
  `\n${rows.map((row) => `${row[0]?.padEnd(widths[0] ?? 0)}  ${row[1]?.padEnd(widths[1] ?? 0)}  ${row[3]?.padStart(6)} s  ${row[2]}`).join('\n')}`,
)
console.log(`\n${chosen.length - failed} of ${chosen.length} mutants killed`)
process.exitCode = failed > 0 ? 1 : 0
