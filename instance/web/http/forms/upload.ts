// A form with a file.
import type { FastifyRequest } from 'fastify'
import { PICTURE_LIMITS } from '../../../media/picture.ts'
import { type Refusal, refuse } from '../../../refusal.ts'

/** Well above what any field of a form with a file may hold, so that too long a text still gets its message. */
const FIELD_BYTES = 8 * 1024

export type Upload = {
  readonly fields: Readonly<Record<string, string>>
  /** undefined if no file was chosen. */
  readonly file: Buffer | undefined
}

/** Reads a multipart form with at most one file in the field `name`; other files are thrown away. */
export async function readUpload(request: FastifyRequest, name: string): Promise<Upload | Refusal> {
  if (!request.isMultipart()) return { fields: readPlain(request.body), file: undefined }
  const fields: Record<string, string> = {}
  let file: Buffer | undefined
  try {
    for await (const part of request.parts({
      limits: { fileSize: PICTURE_LIMITS.bytes, files: 1, fields: 10, fieldSize: FIELD_BYTES },
    })) {
      if (part.type === 'field') {
        if (typeof part.value === 'string') fields[part.fieldname] = part.value
      } else {
        const bytes = await part.toBuffer()
        if (part.fieldname === name && bytes.length > 0) file = bytes
      }
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'FST_REQ_FILE_TOO_LARGE') return refuse('picture-too-big')
    throw error
  }
  return { fields, file }
}

function readPlain(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
