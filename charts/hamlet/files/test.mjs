// Run by `helm test` in a pod of the release's namespace.
import { connect } from 'node:net'

/** PostgreSQL answers a request for TLS with one letter, S or N, once it takes connections. */
function speaksPostgres(address) {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), timeout: 5_000 })
    socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])))
    socket.on('timeout', () => socket.destroy(new Error('no answer in 5 s')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without an answer')))
    socket.on('data', (answer) => {
      const letter = answer.toString('latin1', 0, 1)
      if (letter === 'S' || letter === 'N') resolve(`answers ${letter}`)
      else reject(new Error(`answered ${JSON.stringify(letter)}, not S or N`))
      socket.destroy()
    })
  })
}

async function isReady(base) {
  const answer = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(5_000) })
  const text = (await answer.text()).trim()
  if (!answer.ok) throw new Error(`/readyz gave ${answer.status}: ${text}`)
  return `/readyz gave ${answer.status}`
}

/** A release that was installed a moment ago may still be starting. */
async function check(name, address, attempt) {
  const until = Date.now() + 60_000
  for (;;) {
    try {
      console.log(`ok   ${name} at ${address}: ${await attempt(address)}`)
      return true
    } catch (error) {
      if (Date.now() > until) {
        console.log(`FAIL ${name} at ${address}: ${error.message} ${error.cause?.message ?? ''}`)
        return false
      }
      await new Promise((wake) => setTimeout(wake, 1_000))
    }
  }
}

const { OPERATOR, POSTGRES } = process.env
const results = [await check('operator', OPERATOR, isReady)]
if (POSTGRES) results.push(await check('PostgreSQL', POSTGRES, speaksPostgres))
process.exit(results.every(Boolean) ? 0 : 1)
