// Changes the project's code on its way into a test, and nothing on disk.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Edit, MUTANTS, type Mutant } from './list.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The text with the edit made. Throws unless what is to be replaced is there exactly once. */
export function edited(text: string, { file, from, to }: Edit): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${from}`)
  return parts.join(to)
}

/** Throws where the code is no longer as a mutant's edits have it. */
export async function fits({ edits }: Mutant): Promise<void> {
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const text = await readFile(`${ROOT}${file}`, 'utf8')
    edits.filter((edit) => edit.file === file).reduce(edited, text)
  }
}

/** A plugin of Vite that makes the edits of the mutant with this name; of none, it does nothing. */
export function mutation(name: string | undefined) {
  const mutant = MUTANTS.find((one) => one.name === name)
  if (name && !mutant) throw new Error(`there is no mutant "${name}"`)
  return {
    name: 'mutation',
    enforce: 'pre' as const,
    transform: (code: string, id: string) => {
      const edits = mutant?.edits.filter(({ file }) => id.split('?')[0] === `${ROOT}${file}`) ?? []
      return edits.length === 0 ? undefined : edits.reduce(edited, code)
    },
  }
}
