import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterKind } from './cluster.ts'

/** What `up` remembers for `down`. */
export type Notes = { readonly kind: ClusterKind; readonly context?: string }

/** Keeps what `down` will need to know; written before anything is changed. */
export async function writeNotes(folder: string, notes: Notes): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'notes.json'), `${JSON.stringify(notes)}\n`)
}

/** What an earlier `up` remembered. */
export async function readNotes(folder: string): Promise<Notes | undefined> {
  const text = await readFile(join(folder, 'notes.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Notes)
}

/** Shell variables, quoted so that any value is taken as it is; PATH is put before what the shell has. */
export function shellVariables(values: Readonly<Record<string, string>>, path: readonly string[]): string {
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${quote(value)}`)
  if (path.length > 0) lines.push(`export PATH=${path.map(quote).join(':')}:"$PATH"`)
  return `${lines.join('\n')}\n`
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
