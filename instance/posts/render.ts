// What a checked text becomes: the HTML that is stored, and the document that is sent, for those it is for.
import type { ObjectJson } from '../federation/documents/json.ts'
import { noteDocument } from '../federation/documents/note.ts'
import type { Instance } from '../instance.ts'
import { type AccountRow, addressOf, isResident } from '../members/people.ts'
import { type Refusal, refuse } from '../refusal.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { CheckedDraft } from './draft.ts'
import { findNamed, type NamedPeople, residentsOnly } from './text/mentions.ts'
import { hashtagPage } from './text/tags.ts'
import { textToHtml } from './text/text.ts'

export type Audience = {
  readonly named: NamedPeople
  /** Everybody whom the post is for besides followers: the named, and whose post it answers. */
  readonly accounts: readonly AccountRow[]
  /** Ids of those of them who live here. */
  readonly residents: readonly string[]
}

/** Whom the post is for. Refuses a direct post that names nobody, or somebody whom nobody knows. */
export async function audienceOf(
  instance: Instance,
  authorId: string,
  checked: CheckedDraft,
  answeredId: string | undefined,
): Promise<Audience | Refusal> {
  const everybody = await findNamed(instance, checked.mentions)
  const named = checked.visibility === 'instance' ? residentsOnly(instance, everybody) : everybody
  const accounts = named.accounts.filter((account) => account.id !== authorId)
  if (answeredId && answeredId !== authorId && !accounts.some(({ id }) => id === answeredId)) {
    const answered = await instance.db
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', answeredId)
      .executeTakeFirst()
    if (answered) accounts.push(answered)
  }
  const refusal = checkDirect(checked.visibility, everybody, accounts)
  if (refusal) return refusal
  const residents = accounts.filter((account) => isResident(instance, account.id)).map(({ id }) => id)
  return { named, accounts, residents }
}

function checkDirect(
  visibility: Visibility,
  named: NamedPeople,
  audience: readonly AccountRow[],
): Refusal | undefined {
  if (visibility !== 'direct') return undefined
  const [missing] = named.unknown
  if (missing) {
    const name = `@${missing.handle}${missing.domain ? `@${missing.domain}` : ''}`
    return refuse('unknown-person', { details: { name } })
  }
  return audience.length === 0 ? refuse('nobody-named') : undefined
}

type Written = {
  readonly id: string
  readonly handle: string
  readonly checked: CheckedDraft
  readonly named: NamedPeople
  readonly mentions: readonly AccountRow[]
  readonly inReplyToUri: string | null
  readonly published: Date
  readonly edited?: Date
}

/** The columns of a post that its text decides, and its document: none for what stays at its instance. */
export function render(
  origin: string,
  post: Written,
): {
  readonly columns: {
    content_html: string
    content_text: string
    summary: string
    sensitive: boolean
    object_json: string | null
  }
  readonly note: ObjectJson | undefined
  /** Of what stays at its instance: for that home alone, if its author lives at another by now. */
  readonly forInstance: ObjectJson | undefined
} {
  const { checked } = post
  const contentHtml = textToHtml(checked.text, {
    mention: (mention) => {
      const account = post.named.find(mention)
      return account && { url: account.url, handle: addressOf(account) }
    },
    hashtag: (tag) => hashtagPage(origin, tag),
  })
  const common = { summary: checked.summary, sensitive: checked.summary !== '' }
  const stays = checked.visibility === 'instance'
  const document = noteDocument(origin, {
    ...common,
    id: post.id,
    handle: post.handle,
    visibility: checked.visibility === 'instance' ? 'direct' : checked.visibility,
    contentHtml,
    inReplyToUri: post.inReplyToUri,
    mentions: post.mentions,
    hashtags: checked.hashtags.map((name) => ({ name, href: hashtagPage(origin, name) })),
    published: post.published,
    ...(post.edited && { edited: post.edited }),
  })
  const note = stays ? undefined : document
  return {
    columns: {
      ...common,
      content_html: contentHtml,
      content_text: checked.text,
      object_json: note ? JSON.stringify(note) : null,
    },
    note,
    forInstance: stays ? document : undefined,
  }
}
