// The form of a post.

import { LIMITS, VISIBILITIES } from '../../posts/draft.ts'
import type { PostView } from '../../timelines/views.ts'
import type { Visibility } from '../../visibility/visibility.ts'
import type { Me, Shell } from '../http/shell.ts'
import { AUDIENCES } from './audiences.ts'
import { Avatar, Message, Secrets } from './bits.tsx'

export type Writing = {
  readonly text?: string
  readonly summary?: string
  readonly visibility?: Visibility
  /** Why it was not posted. */
  readonly wrong?: string | undefined
}

type Props = {
  shell: Shell
  me: Me
  /** Made anew for every form: what is sent twice is posted once. */
  onceKey: string
  writing?: Writing
  replyTo?: PostView | undefined
  /** Id of the post that is changed; whom it is for stays as it is. */
  editing?: string | undefined
  back: string
  autofocus?: boolean
}

export const Compose = (props: Props) => {
  const { shell, me, onceKey, writing = {}, replyTo, editing, back, autofocus = false } = props
  const prompt = editing
    ? 'Your post'
    : replyTo
      ? `Your answer to ${replyTo.author.displayName}`
      : 'What is going on?'
  const audience = AUDIENCES[writing.visibility ?? 'public']
  return (
    <form class="card compose" method="post" action={editing ? `/posts/${editing}/edit` : '/posts'}>
      <Secrets me={me} back={back} />
      <input type="hidden" name="once" value={onceKey} />
      {replyTo && <input type="hidden" name="reply_to" value={replyTo.id} />}
      {writing.wrong && <Message kind="wrong">{writing.wrong}</Message>}
      <div class="with">
        <Avatar origin={shell.origin} account={me.account} />
        <div class="grow">
          <label class="hidden" for="text">
            {prompt}
          </label>
          <textarea
            id="text"
            name="text"
            rows={3}
            required
            dir="auto"
            placeholder={prompt}
            data-most={LIMITS.characters}
            data-count="left"
            aria-describedby="left"
            autofocus={autofocus}
          >
            {writing.text}
          </textarea>
          <details open={Boolean(writing.summary)}>
            <summary>Content warning</summary>
            <label class="hidden" for="summary">
              Content warning
            </label>
            <input
              type="text"
              id="summary"
              name="summary"
              maxLength={LIMITS.summary}
              placeholder="What readers should know first"
              value={writing.summary}
            />
          </details>
        </div>
      </div>
      <div class="bar">
        {editing ? (
          <span class="soft small">For the same people as before: {audience.label}</span>
        ) : (
          <Readers visibility={writing.visibility ?? 'public'} />
        )}
        <div class="end">
          <span class="count" id="left" aria-live="polite" />
          <button class="button" type="submit">
            {editing ? 'Save' : replyTo ? 'Answer' : 'Post'}
          </button>
        </div>
      </div>
    </form>
  )
}

const Readers = ({ visibility: chosen }: { visibility: Visibility }) => (
  <>
    <label class="hidden" for="visibility">
      Who may read it
    </label>
    <select id="visibility" name="visibility">
      {VISIBILITIES.map((visibility) => (
        <option
          key={visibility}
          value={visibility}
          title={AUDIENCES[visibility].hint}
          selected={visibility === chosen}
        >
          {AUDIENCES[visibility].label}
        </option>
      ))}
    </select>
  </>
)
