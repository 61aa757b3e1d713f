// npm run plan: who would live on which instance. Reads files, prints JSON, changes nothing.
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { plan } from '../plan/plan.ts'
import { help, readOptions } from './options.ts'
import { poseFiles, printable, told } from './pose.ts'
import { InputError } from './read.ts'

async function read(option: string, file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new InputError(
      `--${option} ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
    )
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === undefined) {
    console.log(help)
    return
  }
  const { homes, pins } = options
  const { input, nameOf } = poseFiles(
    {
      edges: await read('edges', options.edges),
      ...(homes === undefined ? {} : { homes: await read('homes', homes) }),
      ...(pins === undefined ? {} : { pins: await read('pins', pins) }),
    },
    options,
  )
  const found = plan(input)
  if (found.kind === 'refusal') throw new InputError(told(found, nameOf))
  console.log(JSON.stringify(printable(found, nameOf), null, 2))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof InputError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
