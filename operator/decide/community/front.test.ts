import { expect, test } from 'vitest'
import { makeSnapshot, NOW } from '../../testing/snapshots/community.ts'
import { decide, steps } from '../../testing/snapshots/decided.ts'
import type { CommunitySnapshot } from '../snapshot.ts'
import { mustRenew } from './front.ts'

test('a certificate is made anew in time, and when it no longer fits', () => {
  const day = 86_400_000
  const leaf = { domains: ['garden.example'], notBefore: NOW, notAfter: NOW + 90 * day, byOurCa: true }
  const later = NOW + 1000 * day
  expect(mustRenew(undefined, 'garden.example', later, NOW)).toBe(true)
  expect(mustRenew(leaf, 'garden.example', later, NOW + 59 * day)).toBe(false)
  expect(mustRenew(leaf, 'garden.example', later, NOW + 61 * day)).toBe(true)
  expect(mustRenew({ ...leaf, byOurCa: false }, 'garden.example', later, NOW)).toBe(true)
  expect(mustRenew(leaf, 'other.example', later, NOW)).toBe(true)
  // Another one would end with its CA as well.
  expect(mustRenew(leaf, 'garden.example', leaf.notAfter, NOW + 61 * day)).toBe(false)
})

test('a CA that cannot sign is told of, and nothing is signed with it', () => {
  const seen = (caFacts: CommunitySnapshot['caFacts'], leaf = makeSnapshot().leaf) => {
    const snapshot = makeSnapshot({ caFacts, leaf })
    expect(steps(snapshot).map((step) => step.do)).not.toContain('issueCertificate')
    return decide(snapshot).findings.find(({ type }) => type === 'Degraded')
  }
  const expired = { secret: 'hamlet-ca', notBefore: NOW - 100, notAfter: NOW - 1, problem: undefined }
  const told = {
    status: 'True',
    reason: 'CaExpired',
    message: expect.stringContaining('put a new CA into tls.crt and tls.key'),
  }
  expect(seen(expired)).toMatchObject(told)
  expect(seen(expired, undefined)).toMatchObject(told)
  expect(seen({ secret: 'hamlet-ca', problem: 'is not there' }, undefined)).toMatchObject({
    reason: 'CertificateMissing',
    message: expect.stringContaining('Secret hamlet-ca in the namespace hamlet'),
  })
  expect(steps(makeSnapshot({ leaf: undefined })).map((step) => step.do)).toContain('issueCertificate')
})
