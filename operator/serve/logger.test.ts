import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

test('the log has no passwords and no rows', () => {
  const written: string[] = []
  const log = createLogger('info', { write: (line) => void written.push(line) })
  const error = Object.assign(new Error('connect postgres://garden_1:secret1@db:5432/x failed'), {
    code: '23505',
    detail: 'Key (handle)=(ana) already exists.',
    where: 'COPY accounts, line 3: "ana"',
  })
  log.error({ err: error, password: 'secret2', options: { token: 'secret3' } }, 'failed')
  const [line = ''] = written
  expect(line).not.toMatch(/secret|ana/)
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    err: { code: '23505', message: 'connect postgres://***@db:5432/x failed' },
    msg: 'failed',
  })
})
