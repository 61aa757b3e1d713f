import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostMap, mayConnect, parseCidrs } from './addresses.ts'

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::a00:1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  'fec0::1',
  '',
  'localhost',
  '1.2.3.4.5',
])('no connection to %j', (address) => {
  expect(mayConnect(address, [])).toBe(false)
})

test.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
  'a connection to %s',
  (address) => {
    expect(mayConnect(address, [])).toBe(true)
  },
)

test('what the operator allowed is allowed, in every notation, and nothing beside it', () => {
  const allow = parseCidrs(['10.96.0.20', 'fd00:1::/32'])
  expect(mayConnect('10.96.0.20', allow)).toBe(true)
  expect(mayConnect('::ffff:10.96.0.20', allow)).toBe(true)
  expect(mayConnect('fd00:1::5', allow)).toBe(true)
  expect(mayConnect('10.96.0.21', allow)).toBe(false)
  expect(mayConnect('fd00:2::5', allow)).toBe(false)
})

test('wrapping an IPv4 address into IPv6 never opens what is closed', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      if (!mayConnect(ip, [])) expect(mayConnect(`::ffff:${ip}`, [])).toBe(false)
    }),
  )
})

test('hosts are mapped by name or by suffix, without regard to case', () => {
  const map = hostMap(
    new Map([
      ['*.localhost', '10.0.0.1'],
      ['pod.example', '10.0.0.2:8443'],
      ['six.example', '[fd00::1]:443'],
    ]),
  )
  expect(map('Garden.LOCALHOST')).toEqual({ ip: '10.0.0.1' })
  expect(map('pod.example.')).toEqual({ ip: '10.0.0.2', port: 8443 })
  expect(map('six.example')).toEqual({ ip: 'fd00::1', port: 443 })
  expect(map('localhost')).toBeUndefined()
  expect(map('notlocalhost')).toBeUndefined()
})

test('what is wrong is named', () => {
  expect(() => parseCidrs(['10.0.0.0/33'])).toThrow('"10.0.0.0/33" is no network')
  expect(() => hostMap(new Map([['a', 'b']]))).toThrow('"a=b" is not name=address')
})
