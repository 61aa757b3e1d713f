// A home that hears from a newcomer only after they have moved on to another home.
import { expect, test } from 'vitest'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { PASSWORD } from '../../../test/postgres/people.ts'
import { hashSecret } from '../../directory/secrets.ts'
import { isRefusal } from '../../refusal.ts'
import { settleIn } from './home-steps.ts'
import { openByToken } from './reach-home.ts'
import { newSignUpToken, signUp } from './sign-up.ts'

const homes = neighbourhood({ homes: 2 })

test('keeps no seat for whoever signs up there late, and is their home again when they come back', async () => {
  const at = homes.at(1)
  const token = newSignUpToken()
  const ana = await signUp(at, { handle: 'ana', password: PASSWORD, address: '192.0.2.1', token })
  if (isRefusal(ana) || 'waiting' in ana) throw new Error('ana has no seat')
  const { id, home } = ana.done
  expect(home).toBe(1)
  expect(await homes.mover.move(id, 2)).toEqual({ is: 'done' })

  // Who asked there for a session looks again, and is not told that there is nobody.
  expect(await openByToken(at, { id, tokenHash: hashSecret(token) }, undefined)).toMatchObject({
    code: 'elsewhere',
  })
  const late = await settleIn(at, {
    id,
    handle: 'ana',
    home,
    epoch: 1,
    role: 'member',
    tokenHash: hashSecret(token),
    passwordHash: 'another',
    displayName: 'Ana',
    state: 'pending',
  })
  expect(late).toMatchObject({ code: 'sign-up-expired' })
  expect(await at.db.selectFrom('members').select('id').execute()).toEqual([])
  expect(await at.db.selectFrom('home').select('residents').execute()).toEqual([{ residents: 0 }])
  // What is known here of somebody who lives elsewhere stays.
  expect(await at.db.selectFrom('accounts').select('id').execute()).toEqual([{ id }])
  expect(await homes.mover.move(id, 1)).toEqual({ is: 'done' })
})
