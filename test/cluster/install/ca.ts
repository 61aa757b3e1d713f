import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate authority of this checkout's own; browsers and clients are told to trust it by hand. */
export type Authority = {
  readonly certPath: string
  readonly keyPath: string
  readonly cert: string
  readonly key: string
}

const years = 10

/** The authority kept in a folder, made on the first call. */
export async function authority(folder: string): Promise<Authority> {
  const certPath = join(folder, 'ca.crt')
  const keyPath = join(folder, 'ca.key')
  const kept = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]).catch(
    () => undefined,
  )
  if (kept) return { certPath, keyPath, cert: kept[0], key: kept[1] }
  const notAfterDate = new Date()
  notAfterDate.setFullYear(notAfterDate.getFullYear() + years)
  const made = await generate([{ name: 'commonName', value: 'Hamlet on this machine' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  await mkdir(folder, { recursive: true })
  await writeFile(certPath, made.cert)
  await writeFile(keyPath, made.private, { mode: 0o600 })
  return { certPath, keyPath, cert: made.cert, key: made.private }
}
