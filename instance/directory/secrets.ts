// Secrets of links and forms. The directory keeps only their hashes, so a copy of it opens no door.
import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits, safe in URLs. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** SHA-256 of the secret's text: enough for random secrets, which nobody can guess. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
