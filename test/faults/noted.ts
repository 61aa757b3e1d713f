// What processes noted as their own fault, while their pods are still there to be asked.
import type { Hamlet } from '../stories/hamlet.ts'
import { podsOf, restartsOf } from './kill.ts'

/** The level from which `pino` takes a line for an error. */
const ERROR = 50

/** The lines, as JSON, by pod; also of containers that were started again since. */
export async function notedFaults(
  h: Hamlet,
  namespace: string,
  selector: string,
): Promise<Record<string, readonly string[]>> {
  const noted: Record<string, readonly string[]> = {}
  for (const pod of await podsOf(h, namespace, selector)) {
    const ask = ['logs', pod.metadata.name, '--namespace', namespace]
    // A log that cannot be read says so among the lines: it must not hide what made the test look.
    const read = (...flags: string[]) => h.kubectl([...ask, ...flags]).catch(String)
    const logs = [await read()]
    if (restartsOf(pod) > 0) logs.push(await read('--previous'))
    noted[pod.metadata.name] = logs.flatMap((log) => log.split('\n')).filter(isFault)
  }
  return noted
}

/** A process that dies writes what is no JSON. */
function isFault(line: string): boolean {
  if (line.trim() === '') return false
  try {
    return Number(Object(JSON.parse(line)).level) >= ERROR
  } catch {
    return true
  }
}
