// Timelines and threads.
import type { ComponentChildren } from 'preact'
import type { TimelinePage } from '../../timelines/page.ts'
import type { Thread } from '../../timelines/thread.ts'
import { Empty, More } from '../components/bits.tsx'
import { Feed, Post } from '../components/post.tsx'
import type { Shell } from '../http/shell.ts'

type TimelineProps = {
  shell: Shell
  title: string
  text: string
  path: string
  timeline: TimelinePage
  /** Not the first page. */
  continued: boolean
  compose?: ComponentChildren
  empty: ComponentChildren
}

export const TimelineView = (props: TimelineProps) => {
  const { shell, timeline, continued } = props
  return (
    <>
      <div class="head">
        <h1>{props.title}</h1>
        <p class="soft small">{props.text}</p>
      </div>
      <div class="stack">
        {!continued && props.compose}
        {timeline.entries.length > 0 ? (
          <Feed shell={shell} entries={timeline.entries} />
        ) : continued ? (
          <p class="soft">That was everything.</p>
        ) : (
          props.empty
        )}
      </div>
      <More href={timeline.next && `${props.path}?before=${timeline.next}`} />
    </>
  )
}

export const HomeEmpty = () => (
  <Empty icon="home" title="Your home is still empty">
    <p>
      Follow somebody and their posts appear here. Look who is <a href="/local">around</a>, or{' '}
      <a href="/search">search</a> for a friend elsewhere by their whole name, such as @ana@garden.example.
    </p>
  </Empty>
)

export const QuietHere = ({ shell }: { shell: Shell }) => (
  <Empty icon="here" title="Nothing said yet">
    <p>{shell.me ? 'Be the first: write something.' : 'Come back later, or log in and say something.'}</p>
  </Empty>
)

export const ThreadPage = ({ shell, thread }: { shell: Shell; thread: Thread }) => (
  <div class="thread">
    <h1 class="hidden">Post by {thread.post.post.author.displayName}</h1>
    {thread.above.length > 0 && (
      <section aria-label="What it answers" class="above">
        <Feed shell={shell} entries={thread.above} />
      </section>
    )}
    <div class="stack">
      <div />
      <Post shell={shell} entry={thread.post} focus />
      {thread.below.length > 0 && (
        <section aria-label="Answers">
          <ol class="feed">
            {thread.below.map((entry) => (
              <li key={entry.id} class={`reply-${Math.min(entry.depth, 3)}`}>
                <Post shell={shell} entry={entry} />
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  </div>
)
