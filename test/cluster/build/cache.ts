import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What costs minutes to make is kept here, outside the checkout, so that a fresh clone is as quick. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hamlet')

/** A short name for some content, safe in file names and image tags. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  // The length goes first so that moving a boundary between two parts changes the result.
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 12)
}

/** The hash of all files under some folders or files: their paths and contents, nothing else. */
export async function hashFiles(...paths: readonly string[]): Promise<string> {
  const parts: (string | Uint8Array)[] = []
  for (const path of paths) {
    const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined)
    const files = entries
      ?.filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    for (const file of files?.sort() ?? [path]) parts.push(file.slice(path.length), await readFile(file))
  }
  return hashOf(...parts)
}

/** Whether `cached` has a result for these inputs. */
export function isCached(name: string, key: string): boolean {
  return existsSync(join(cacheFolder, `${name}-${key}`))
}

/** The folder that `make` filled for these inputs, now or in an earlier run. */
export async function cached(
  name: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheFolder, `${name}-${key}`)
  if (existsSync(folder)) return folder
  await mkdir(cacheFolder, { recursive: true })
  const unfinished = await mkdtemp(join(cacheFolder, `.${name}-`))
  try {
    await make(unfinished)
    // A rename is all or nothing: an interrupted run leaves no half-made result under the final name.
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return folder
}
