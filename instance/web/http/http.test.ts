import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hue, initials } from '../components/bits.tsx'
import { readAssets } from './assets.ts'
import { backPath, mediaPath } from './links.ts'
import { exactTime, shortTime } from './times.ts'

test('the way back after a form never leaves the site', () => {
  expect(backPath('/@ana?replies=1#post-3', '/home')).toBe('/@ana?replies=1#post-3')
  for (const bad of ['https://evil.example', '//evil.example', '/\\evil.example', 'home', '', undefined, 3]) {
    expect(backPath(bad, '/home')).toBe('/home')
  }
  const piece = fc.constantFrom(
    '/',
    '\\',
    '//',
    ':',
    '@',
    'evil.example',
    'https:',
    '\t',
    '\n',
    '?',
    '#',
    '.',
    '%2f',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = backPath(pieces.join(''), '/home')
      expect(new URL(path, 'https://garden.example').origin).toBe('https://garden.example')
    }),
    { numRuns: 2_000 },
  )
})

test('dates are short, and exact for whoever asks', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const ago = (milliseconds: number) => shortTime(new Date(now.getTime() - milliseconds), now)
  expect([ago(-5_000), ago(59_000), ago(60_000), ago(7_200_000), ago(3 * 86_400_000)]).toEqual([
    'now',
    'now',
    '1 min',
    '2 h',
    '3 d',
  ])
  expect(ago(30 * 86_400_000)).toBe('23 Oct')
  expect(ago(400 * 86_400_000)).toBe('18 Oct 2025')
  expect(exactTime(now)).toBe('22 November 2026 at 12:00 UTC')
})

test('everybody has initials and a colour, whatever their name', () => {
  expect(initials('Ana Maria Lind')).toBe('AL')
  expect(initials('🌻 田中')).toBe('田')
  expect(initials('🌻')).toBe('?')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (name, id) => {
      expect(initials(name).length).toBeGreaterThan(0)
      expect(hue(String(id))).toBeGreaterThanOrEqual(0)
      expect(hue(String(id))).toBeLessThan(10)
    }),
  )
})

test('own media is linked by its path, others by their address', () => {
  expect(mediaPath('https://a.example', 'https://a.example/media/1/x')).toBe('/media/1/x')
  expect(mediaPath('https://a.example', 'https://a.example.evil/media')).toBe('https://a.example.evil/media')
})

test('an asset’s name changes with its content', () => {
  const { style, script } = readAssets()
  expect(style.path).toMatch(/^\/assets\/[0-9a-f]{20}\.css$/)
  expect(script.integrity).toMatch(/^sha256-/)
})

// WCAG 2.2, 1.4.3 and 1.4.11.
const luminance = (hex: string) => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const contrast = (a: string, b: string) => {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

test('all text has the contrast that people need, by day and by night', () => {
  const css = readFileSync(new URL('../public/1-base.css', import.meta.url), 'utf8')
  const [day = '', night = ''] = css.split('@media (prefers-color-scheme: dark)')
  const colours = (part: string) =>
    new Map([...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [name, hex]))
  for (const palette of [colours(day), colours(night)]) {
    const of = (name: string) => palette.get(name) ?? `no colour ${name}`
    for (const ground of ['paper', 'card', 'raised'])
      for (const text of ['ink', 'soft', 'clay']) {
        expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
      }
    for (const [text, ground] of [
      ['on-clay', 'clay'],
      ['on-clay', 'clay-strong'],
      ['clay-strong', 'clay-wash'],
      ['ink', 'clay-wash'],
      ['ink', 'gold-wash'],
      ['ink', 'moss-wash'],
      ['ink', 'sky'],
      ['moss', 'moss-wash'],
      ['moss', 'card'],
      ['berry', 'card'],
    ] as const) {
      expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
    for (const ground of ['paper', 'card']) {
      expect(contrast(of('edge'), of(ground)), `edge on ${ground}`).toBeGreaterThanOrEqual(3)
    }
  }
  const posts = readFileSync(new URL('../public/4-posts.css', import.meta.url), 'utf8')
  const hues = [...posts.matchAll(/\.hue-\d \{\s*background: (#[0-9a-f]{6})/g)].map(([, hex = '']) => hex)
  expect(hues).toHaveLength(10)
  for (const hex of hues) expect(contrast('#fffaf2', hex), hex).toBeGreaterThanOrEqual(4.5)
})
