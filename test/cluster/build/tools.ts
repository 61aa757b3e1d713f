import { dirname } from 'node:path'
import { buildProgram } from './go-build.ts'
import { run, succeeds } from './run.ts'

type Options = { readonly kubeconfig: string; readonly input?: string; readonly timeoutMs?: number }
type Tool = 'kubectl' | 'helm'

const found = new Map<Tool, Promise<string>>()
const probes: Record<Tool, readonly string[]> = {
  kubectl: ['version', '--client'],
  helm: ['version', '--short'],
}

/** The path of kubectl or helm: the machine's own, or else one built from Go modules. */
export function toolPath(tool: Tool): Promise<string> {
  const path = found.get(tool) ?? findTool(tool)
  found.set(tool, path)
  return path
}

/** The folders a person's PATH lacks to have kubectl and helm. */
export async function toolFolders(): Promise<readonly string[]> {
  const paths = [await toolPath('kubectl'), await toolPath('helm')]
  return paths.filter((path) => path.includes('/')).map((path) => dirname(path))
}

/** Runs kubectl against a cluster and returns what it printed. */
export function kubectl(args: readonly string[], options: Options): Promise<string> {
  return runTool('kubectl', args, options)
}

/** Runs helm against a cluster and returns what it printed. */
export function helm(args: readonly string[], options: Options): Promise<string> {
  return runTool('helm', args, options)
}

async function findTool(tool: Tool): Promise<string> {
  if (await succeeds(tool, probes[tool])) return tool
  if (tool === 'helm') return buildProgram('helm')
  return `${dirname(await buildProgram('kube'))}/kubectl`
}

async function runTool(tool: Tool, args: readonly string[], options: Options): Promise<string> {
  const { kubeconfig, ...rest } = options
  return run(await toolPath(tool), args, { ...rest, env: { KUBECONFIG: kubeconfig } })
}
