import fc from 'fast-check'
import { expect, test } from 'vitest'
import { another, type Trouble } from '../../../instance/directory/moves/trouble.ts'
import { isLong, PATIENCE_MS, PATIENCE_TRIES } from './patience.ts'

const LAST = { ordinal: 2, verb: 'copy', answer: null }

test('a wait begins with the first call in vain at a step; it is long after both time and tries, whoever counts', () => {
  const call = fc.record({
    step: fc.constantFrom('copied', 'quiesced'),
    after: fc.integer({ min: 0, max: 400_000 }),
  })
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 40 }), (calls) => {
      let trouble: Trouble | undefined
      let now = 0
      let began = { step: '', at: 0, calls: 0 }
      for (const { step, after } of calls) {
        now += after
        began = began.step === step ? { ...began, calls: began.calls + 1 } : { step, at: now, calls: 1 }
        trouble = another(trouble, step, now, LAST)
        expect(trouble).toEqual({ ...LAST, step, since: began.at, tries: began.calls })
        expect(isLong(trouble, now)).toBe(now - began.at >= PATIENCE_MS && began.calls > PATIENCE_TRIES)
      }
    }),
  )
})
