import { execa } from 'execa'

type Options = {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
}

/** Runs a program and returns what it printed; a failure throws an error that ends with its last lines. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { cwd, env, input, timeoutMs } = options
  const result = await execa(command, args, {
    reject: false,
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  })
  if (!result.failed) return result.stdout
  const said = `${result.stdout ?? ''}\n${result.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n')
  const why = result.timedOut ? 'took too long' : `failed (${result.exitCode ?? result.shortMessage})`
  throw new Error(`${command} ${args.slice(0, 6).join(' ')} ${why}\n${said}`)
}

/** Whether the program runs and succeeds. */
export async function succeeds(
  command: string,
  args: readonly string[],
  options: Options = {},
): Promise<boolean> {
  return run(command, args, options).then(
    () => true,
    () => false,
  )
}

/** Repeats a question until it is answered with something, or throws after the time given. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + seconds * 1000
  let last: unknown
  do {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = undefined
    } catch (error) {
      last = error
    }
    await new Promise((wake) => setTimeout(wake, 250))
  } while (performance.now() < end)
  throw new Error(`waited ${seconds} s in vain for ${what}`, { cause: last })
}
