// Where a member lives: which home, since when, and what they wish about it.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { MOST_TOGETHER } from '../../directory/wishes/names.ts'
import { CHOICES, type Choice, changeWishes, readOwnHome, staysByRole } from '../../directory/wishes/own.ts'
import { isRefusal, type Refusal, refusalText, refuse } from '../../refusal.ts'
import { Field, Message, Secrets } from '../components/bits.tsx'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, readForm, text } from '../http/forms/forms.ts'
import { homeName, type Me, type Shell } from '../http/shell.ts'
import { exactDay } from '../http/times.ts'

type Typed = { readonly choice: Choice; readonly names: string }

const FORM = { csrf: text, choice: z.enum(CHOICES).catch('either'), names: text }
const NAMES_WRONG: readonly Refusal['code'][] = [
  'together-many',
  'unknown-name',
  'together-elsewhere',
  'together-yourself',
]

export function registerHome(app: FastifyInstance, { instance, shell: shellOf }: Web): void {
  const page = async (
    reply: FastifyReply,
    shell: Shell,
    { typed, refusal, saved = false }: { typed?: Typed; refusal?: Refusal; saved?: boolean } = {},
  ) => {
    const { me } = shell
    if (!me) return sendRefusal(reply, shell, refusal ?? refuse('log-in-first'))
    const own = await readOwnHome(instance, me.id)
    // What was typed is shown again also when nothing else can be.
    if (isRefusal(own) && !typed) return sendRefusal(reply, shell, own)
    const known = isRefusal(own) ? undefined : own
    return sendPage(
      reply,
      shell,
      { title: 'Where you live', refusal },
      <HomeSettings
        shell={shell}
        me={me}
        since={known?.since ?? null}
        typed={
          typed ?? {
            choice: known?.choice ?? 'either',
            names: (known?.together ?? []).map((handle) => `@${handle}`).join(' '),
          }
        }
        wrong={refusal}
        saved={saved}
      />,
    )
  }

  app.get('/settings/home', async (request, reply) => {
    const { saved } = readForm({ saved: text }, request.query)
    return page(reply, await shellOf(request), { saved: saved === 'yes' })
  })
  app.post('/settings/home', async (request, reply) => {
    const { csrf, ...typed } = readForm(FORM, request.body)
    const member = formMember(request, csrf)
    const result = isRefusal(member) ? member : await changeWishes(instance, member, typed)
    if (!isRefusal(result)) return reply.redirect('/settings/home?saved=yes', 303)
    const shell = await shellOf(request)
    return result.code === 'bad-origin'
      ? sendRefusal(reply, shell, result)
      : page(reply, shell, { typed, refusal: result })
  })
}

type Props = {
  shell: Shell
  me: Me
  since: Date | null
  typed: Typed
  wrong: Refusal | undefined
  saved: boolean
}

const HomeSettings = ({ shell, me, since, typed, wrong, saved }: Props) => {
  const besideNames = wrong && NAMES_WRONG.includes(wrong.code)
  return (
    <>
      <div class="head">
        <h1>Where you live</h1>
      </div>
      {saved && <Message>Saved.</Message>}
      {wrong && !besideNames && <Message kind="wrong">{refusalText(wrong)}</Message>}
      <section class="card">
        <h2>{homeName(shell)}</h2>
        {since && (
          <p>
            You have lived here since <time dateTime={since.toISOString()}>{exactDay(since)}</time>.
          </p>
        )}
        <p class="soft">
          {shell.title} is made of small homes, and now and then people are moved to another one, so that
          there is room for everybody and friends live together. Whoever moves keeps their name, their posts
          and everybody they know.
        </p>
      </section>
      <form class="card" method="post" action="/settings/home">
        <Secrets me={me} />
        <h2>What you wish</h2>
        <Choices role={me.role} chosen={typed.choice} />
        <Field
          name="names"
          label="I would like to live with"
          hint={`Up to ${MOST_TOGETHER} names of people in ${shell.title}, such as @ben. It counts when they name you, too; nobody is told whom you named.`}
          wrong={besideNames ? refusalText(wrong) : undefined}
        >
          {(ids) => (
            <input
              {...ids}
              type="text"
              name="names"
              value={typed.names}
              autocapitalize="none"
              spellcheck={false}
            />
          )}
        </Field>
        <button class="button" type="submit">
          Save
        </button>
      </form>
      {staysByRole(me.role) && (
        <p>
          <a href="/settings/moves">Who was moved, in numbers</a>
        </p>
      )}
    </>
  )
}

type ChoiceText = { readonly choice: Choice; readonly label: string; readonly more: string }

/** Whoever looks after a home stays there without asking. */
const Choices = ({ role, chosen }: { role: string; chosen: Choice }) => {
  const keeper = staysByRole(role)
  const choices: ChoiceText[] = [
    ...(keeper ? [] : [{ choice: 'either' as const, label: 'I do not mind', more: 'You move if it helps.' }]),
    {
      choice: 'stay',
      label: 'Let me stay here',
      more: keeper
        ? 'You look after this home, so you stay unless you ask to move.'
        : 'You are moved only if there is no other way to have room for everybody.',
    },
    {
      choice: 'move',
      label: 'I would like to move',
      more: 'When there is room, you come nearer to the people you follow.',
    },
  ]
  return (
    <fieldset>
      <legend class="hidden">Stay or move</legend>
      {choices.map(({ choice, label, more }) => (
        <label key={choice} class="choice">
          <input
            type="radio"
            name="choice"
            value={choice}
            checked={choice === (keeper && chosen === 'either' ? 'stay' : chosen)}
          />
          <span>
            {label}
            <small>{more}</small>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
