import { expect, test } from 'vitest'
import { makeCommunity, makeSnapshot, NOW } from '../../testing/snapshots/community.ts'
import { decide } from '../../testing/snapshots/decided.ts'
import type { CommunitySnapshot } from '../snapshot.ts'
import { endingOf } from './certified.ts'

const DAY = 86_400_000

const snapshotOf = (tls: object, given: Partial<CommunitySnapshot> = {}) =>
  makeSnapshot({ community: makeCommunity({ ingress: { tls } }), ...given })
const said = (tls: object, given: Partial<CommunitySnapshot> = {}) =>
  decide(snapshotOf(tls, given)).findings.find(({ type }) => type === 'Certified')
/** Lasts so many days, and has so many left. */
const lasts = (life: number, left: number) => ({
  notBefore: NOW - (life - left) * DAY,
  notAfter: NOW + left * DAY,
})
const ca = (life: number, left: number) => ({
  caFacts: { secret: 'hamlet-ca', problem: undefined, ...lasts(life, left) },
})
const leaf = (life: number, left: number) => ({
  leaf: { domains: ['garden.example'], byOurCa: false, ...lasts(life, left) },
})

test('the end of a CA is told a month before, when it is and what to do', () => {
  expect(said({}, ca(3650, 31))).toMatchObject({
    status: 'True',
    message: expect.stringContaining('2030-02-01'),
  })
  expect(said({}, ca(3650, 29))).toEqual({
    type: 'Certified',
    status: 'False',
    reason: 'CaExpires',
    message:
      'the CA in Secret hamlet-ca in the namespace hamlet (chart value tls.caSecret) expires on 2030-01-30: put a new CA into tls.crt and tls.key there, and have it trusted where this one is',
  })
  expect(said({}, ca(3650, -1))?.message).toContain('expired on 2029-12-31')
  // What it signed is made anew by itself.
  expect(said({}, { ...ca(3650, 1000), ...leaf(90, 1) })).toMatchObject({ status: 'True' })
  expect(decide(snapshotOf({}, ca(3650, 29))).certificateEnds).toBe(NOW + 29 * DAY)
})

test('the end of a certificate that others make is told once it should have been renewed', () => {
  const secret = { mode: 'Secret', secretName: 'mine' }
  const manager = { mode: 'CertManager', issuer: { name: 'le' } }
  // cert-manager renews when a third of its life is left.
  for (const life of [6, 45, 90]) {
    expect(said(manager, leaf(life, life / 3 - 1 / 24))).toMatchObject({ status: 'True' })
    expect(said(manager, leaf(life, life / 6 - 1 / 24))).toMatchObject({
      status: 'False',
      reason: 'CertificateExpires',
      message: expect.stringContaining('cert-manager has not renewed it'),
    })
  }
  expect(said(secret, leaf(365, 31))).toMatchObject({ status: 'True' })
  expect(said(secret, leaf(365, 29))).toMatchObject({
    status: 'False',
    message: expect.stringContaining('spec.ingress.tls.secretName'),
  })
  // The CA of the operator is none of theirs.
  expect(said(secret, { ...leaf(365, 200), ...ca(3650, 1) })).toMatchObject({ status: 'True' })
})

test('what is not known is not said to be well', () => {
  expect(said({}, { caFacts: { secret: 'hamlet-ca', problem: 'is not there' } })).toMatchObject({
    status: 'Unknown',
    reason: 'CertificateMissing',
  })
  expect(said({ mode: 'Secret', secretName: 'mine' }, { leaf: undefined })).toMatchObject({
    status: 'Unknown',
  })
  expect(said({ mode: 'None' })).toMatchObject({ status: 'True' })
  expect(endingOf(snapshotOf({ mode: 'None' }))).toBeUndefined()
})
