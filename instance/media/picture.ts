// A profile picture: whatever is uploaded comes out as a small square WebP without metadata, or not at all.
import { createHash } from 'node:crypto'
import { type Refusal, refuse } from '../refusal.ts'

export const PICTURE_LIMITS = { bytes: 8 * 1024 * 1024, pixels: 50_000_000, side: 400 } as const

export type Picture = {
  readonly bytes: Buffer
  /** Of `bytes`, in hexadecimal: part of its address. */
  readonly sha256: string
  readonly contentType: 'image/webp'
  readonly width: number
  readonly height: number
}

const starts = (bytes: Buffer, at: number, text: string) =>
  bytes.subarray(at, at + text.length).toString('latin1') === text

/** Judged by content, before any decoder sees it: the library could also open SVG and PDF, which we never want. */
export function isPicture(bytes: Buffer): boolean {
  if (starts(bytes, 0, '\xff\xd8\xff') || starts(bytes, 0, '\x89PNG\r\n\x1a\n')) return true
  if (starts(bytes, 0, 'GIF87a') || starts(bytes, 0, 'GIF89a')) return true
  if (starts(bytes, 0, 'RIFF') && starts(bytes, 8, 'WEBP')) return true
  return starts(bytes, 4, 'ftypavif') || starts(bytes, 4, 'ftypavis')
}

// One picture at a time: a decoded one may take 200 MB for a moment, and a pod has little more.
let turn: Promise<unknown> = Promise.resolve()

/** Decodes, turns upright, crops to a square, and encodes anew. The decoder is loaded at the first use. */
export async function preparePicture(bytes: Buffer): Promise<Picture | Refusal> {
  if (bytes.length > PICTURE_LIMITS.bytes) return refuse('picture-too-big')
  if (!isPicture(bytes)) return refuse('picture-unreadable')
  const mine = turn.then(() => encode(bytes))
  turn = mine.catch(() => undefined)
  return mine
}

async function encode(bytes: Buffer): Promise<Picture | Refusal> {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  const { side, pixels } = PICTURE_LIMITS
  try {
    const meta = await sharp(bytes, { limitInputPixels: false, pages: 1 }).metadata()
    if ((meta.width ?? 0) * (meta.height ?? 0) > pixels) return refuse('picture-too-many-pixels')
    const { data, info } = await sharp(bytes, { limitInputPixels: pixels, pages: 1, failOn: 'error' })
      .rotate()
      .resize(side, side, { fit: 'cover', position: 'attention' })
      .timeout({ seconds: 15 })
      .webp({ quality: 84 })
      .toBuffer({ resolveWithObject: true })
    return {
      bytes: data,
      sha256: createHash('sha256').update(data).digest('hex'),
      contentType: 'image/webp',
      width: info.width,
      height: info.height,
    }
  } catch {
    // The library says no more than that it could not: a broken or foreign file, or one that takes too long.
    return refuse('picture-unreadable')
  }
}
