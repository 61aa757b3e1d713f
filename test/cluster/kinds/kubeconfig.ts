import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a kubeconfig whose server is reached through a published port, readable by its owner alone. */
export async function saveKubeconfig(folder: string, text: string, port?: number): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'kubeconfig')
  const local = port === undefined ? text : text.replace(/127\.0\.0\.1:6443/g, `127.0.0.1:${port}`)
  await writeFile(path, `${local.trimEnd()}\n`, { mode: 0o600 })
  await chmod(path, 0o600) // An existing file keeps the mode that it had.
  return path
}
