// Debian's Chromium, which finds communities of the test cluster under their real names.
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { connect } from 'node:tls'
import { type Browser, chromium as playwright } from 'playwright-core'
import { aptInstall } from '../cluster/build/apt.ts'
import type { Site } from '../visitor/visitor.ts'

const program = process.env.HAMLET_CHROMIUM ?? '/usr/bin/chromium'

/** Without these a Chromium that starts speaks to its maker, many times at once, also where no network answers. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--no-first-run',
]

/**
 * Starts Chromium, installing it where it is missing. A site's origin is its own, without a port, though its server
 * is at a port of this machine; its certificate was checked against our authority here, and the browser takes that
 * very key and no other, so pages run as they do where the authority is trusted.
 */
export async function chromium(sites: readonly Site[]): Promise<Browser> {
  if (!existsSync(program)) await aptInstall(['chromium'], 'the browser test')
  const rules = sites.map(({ domain, port }) => `MAP ${domain}:443 127.0.0.1:${port}`)
  const keys = await Promise.all(sites.map(keyOf))
  return playwright.launch({
    executablePath: program,
    // As root, in a container, Chromium has no sandbox of its own.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      ...quiet,
      `--host-resolver-rules=${rules.join(', ')}`,
      `--ignore-certificate-errors-spki-list=${keys.join(',')}`,
    ],
  })
}

/** The SHA-256 of a server's public key, in base64; throws unless our authority signed its certificate for the name. */
function keyOf({ domain, port, ca }: Site): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: domain, ca }, () => {
      const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw)
      const key = publicKey.export({ type: 'spki', format: 'der' })
      socket.end()
      resolve(createHash('sha256').update(key).digest('base64'))
    })
    socket.once('error', reject)
  })
}
