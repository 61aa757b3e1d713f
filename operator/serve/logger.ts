// The operator's log: JSON lines without personal data.
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'

/**
 * PostgreSQL puts the row into an error's `detail` ("Key (handle)=(ana) already exists"), and connection errors carry
 * URLs with passwords: of an error only what names the fault is logged.
 */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: withoutPasswords(String(error)) }
  const { type, stack } = stdSerializers.err(error)
  const code = 'code' in error ? { code: String(error.code) } : {}
  const failure = 'failure' in error ? { failure: error.failure } : {}
  return {
    type,
    ...code,
    message: withoutPasswords(error.message),
    ...failure,
    ...(error.cause instanceof Error && { cause: withoutPasswords(error.cause.message) }),
    stack: withoutPasswords(stack ?? ''),
  }
}

/** `scheme://user:password@host` → `scheme://***@host`. */
export const withoutPasswords = (text: string): string => text.replace(/\/\/[^/\s@]*@/g, '//***@')

/** `level`: trace, debug, info, warn, error or silent. */
export function createLogger(level = 'info', destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      // Times that people can read, and no process id or host: the pod's name is known to whoever collects the log.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      redact: {
        paths: [
          'password',
          'token',
          'authorization',
          '*.password',
          '*.token',
          '*.authorization',
          '*.stringData',
        ],
        censor: '***',
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  )
}
