// Runs the benchmarks and keeps what they found in test/bench/results: `npm run bench` or `npm run bench -- start seats`.
// Ends with 1 where a figure is above its bar.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { register } from 'tsx/esm/api'
import { type Bench, type Figure, missed, render } from './figure.ts'

const FOLDER = new URL('./results/', import.meta.url)

const benches: Record<string, () => Promise<{ bench: Bench }>> = {
  start: () => import('./instance/start.ts'),
  memory: () => import('./instance/memory.ts'),
  seats: () => import('./seats.ts'),
  image: () => import('./cluster/image.ts'),
  up: () => import('./cluster/up.ts'),
  ready: () => import('./cluster/ready.ts'),
  idle: () => import('./cluster/idle.ts'),
  recovery: () => import('./cluster/recovery.ts'),
  busy: () => import('./cluster/busy.ts'),
  partition: () => import('./partition/partition.ts'),
  move: async () => {
    // Whole instances in this process: their pages are JSX, which Node does not read by itself.
    register()
    return import('./move.ts')
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}

await mkdir(FOLDER, { recursive: true })
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`

const failed: string[] = []
for (const [name, load] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n== ${name}`)
  const { bench } = await load()
  const figures: Figure[] = await bench.run((line) => console.log(`   ${line}`))
  const kept = { name, what: bench.what, machine, date: new Date().toISOString().slice(0, 10), figures }
  await writeFile(new URL(`${name}.json`, FOLDER), `${JSON.stringify(kept, null, 2)}\n`)
  console.log(render(kept))
  for (const { what, value, unit, atMost } of missed(figures))
    failed.push(`${name}: ${what}: ${value} ${unit} is more than ${atMost} ${unit}`)
}

const all: string[] = []
for (const file of (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort()) {
  all.push(render(JSON.parse(await readFile(new URL(file, FOLDER), 'utf8'))))
}
const head =
  'What `npm run bench` measured last. Aims are wishes, but those of `partition`, which fail it; every figure says how it was taken.\n'
await writeFile(new URL('README.md', FOLDER), `# Benchmarks\n\n${head}\n${all.join('\n')}`)

for (const line of failed) console.error(`Missed: ${line}`)
if (failed.length > 0) process.exitCode = 1
