// What anybody may see of somebody, to be held against what they see later.
import type { Visitor } from '../visitor/visitor.ts'

/** The actor, the outbox, both collections, and whether the profile shows a text: one line each. */
export async function seen(stranger: Visitor, name: string, text: string): Promise<string[]> {
  const told: string[] = []
  for (const path of ['', '/outbox?page=true', '/followers', '/following']) {
    const answer = await stranger.get(`/users/${name}${path}`, { accept: 'application/activity+json' })
    told.push(`${path} ${answer.status} ${answer.body}`)
  }
  const page = await stranger.get(`/@${name}`)
  told.push(`page ${page.status} ${page.html.text.includes(text)}`)
  return told
}
