import { execa } from 'execa'
import { run } from '../build/run.ts'
import { saying } from '../build/say.ts'
import { docker } from '../images/engine.ts'

/** What is known about a node's container that exists, running or not. */
export type FoundNode = { readonly running: boolean; readonly image: string; readonly ports: FoundPorts }
type FoundPorts = { readonly api: number; readonly https: number; readonly http: number }
type Bindings = Record<string, readonly { readonly HostPort: string }[] | null>

/** The node's container, if there is one. */
export async function findNode(name: string): Promise<FoundNode | undefined> {
  const text = await docker(['container', 'inspect', `${name}-node`]).catch(() => undefined)
  if (text === undefined) return undefined
  const [found] = JSON.parse(text) as readonly {
    State: { Running: boolean }
    Config: { Image: string }
    HostConfig: { PortBindings: Bindings }
  }[]
  if (!found) return undefined
  const port = (inside: number) => Number(found.HostConfig.PortBindings[`${inside}/tcp`]?.[0]?.HostPort)
  return {
    running: found.State.Running,
    image: found.Config.Image,
    ports: { api: port(6443), https: port(443), http: port(80) },
  }
}

/** Runs a command in the node and returns what it printed. */
export function inNode(name: string, command: readonly string[]): Promise<string> {
  return docker(['exec', `${name}-node`, ...command])
}

/** Copies an image from this machine's engine into the node's containerd, unless it is there. */
export async function loadIntoNode(name: string, ref: string, ctr: readonly string[]): Promise<void> {
  const there = await inNode(name, [...ctr, 'images', 'ls', '--quiet'])
  if (there.split('\n').includes(ref)) return
  await saying(`Loading the image ${ref}`, async () => {
    const save = execa('docker', ['save', ref], { stdout: 'pipe', buffer: false })
    await save.pipe('docker', ['exec', '--interactive', `${name}-node`, ...ctr, 'images', 'import', '-'])
  })
}

/** Removes the node with its data; nothing happens where there is none. */
export async function removeNode(name: string): Promise<void> {
  // Asked to stop first, it leaves no control groups behind.
  await run('docker', ['stop', '--time', '10', `${name}-node`]).catch(ignoreAbsent)
  await run('docker', ['rm', '--force', '--volumes', `${name}-node`]).catch(ignoreAbsent)
  await run('docker', ['volume', 'rm', `${name}-node`]).catch(ignoreAbsent)
}

function ignoreAbsent(error: unknown): void {
  if (!/no such (container|volume)/i.test(String(error))) throw error
}
