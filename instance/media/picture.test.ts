import sharp from 'sharp'
import { expect, test } from 'vitest'
import { isRefusal } from '../refusal.ts'
import { isPicture, PICTURE_LIMITS, preparePicture } from './picture.ts'

const code = async (bytes: Buffer) => {
  const result = await preparePicture(bytes)
  return isRefusal(result) ? result.code : `${result.contentType} ${result.width}x${result.height}`
}

test.each(['png', 'jpeg', 'webp', 'gif', 'avif'] as const)(
  '%s becomes a small square WebP',
  async (format) => {
    const image = sharp({ create: { width: 30, height: 50, channels: 3, background: '#123' } })
    expect(await code(await image.toFormat(format).toBuffer())).toBe('image/webp 400x400')
  },
)

test('what is no picture, or a broken or huge one, gets a message', async () => {
  expect(await code(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'))).toBe(
    'picture-unreadable',
  )
  expect(await code(Buffer.from('\x89PNG\r\n\x1a\nnot really', 'latin1'))).toBe('picture-unreadable')
  expect(await code(Buffer.alloc(PICTURE_LIMITS.bytes + 1))).toBe('picture-too-big')
  expect(await code(Buffer.alloc(0))).toBe('picture-unreadable')
  const wide = await sharp({ create: { width: 10_000, height: 5_001, channels: 3, background: '#fff' } })
    .png()
    .toBuffer()
  expect(await code(wide)).toBe('picture-too-many-pixels')
  const whole = await sharp({ create: { width: 60, height: 60, channels: 3, background: '#fff' } })
    .jpeg()
    .toBuffer()
  expect(await code(whole.subarray(0, 200))).toBe('picture-unreadable')
})

test('a picture is known by its first bytes alone', () => {
  expect(isPicture(Buffer.from('%PDF-1.7'))).toBe(false)
  expect(isPicture(Buffer.from('GIF89a'))).toBe(true)
})
