// Signing up, logging in, a new password.
import { Field, Message, NewPasswordField } from '../components/bits.tsx'
import type { Shell } from '../http/shell.ts'

type Wrong = { readonly field?: 'handle' | 'password' | 'display_name'; readonly text: string }

type SignUpProps = {
  shell: Shell
  /** The same form sent twice makes one account. */
  token: string
  invite?: string | undefined
  inviter?: string | undefined
  organiser?: boolean
  handle?: string
  displayName?: string
  wrong?: Wrong | undefined
}

type HandleInputProps = {
  ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: 'true' }
  shell: Shell
  most: number
  value: string | undefined
}

const HandleInput = ({ ids, shell, most, value }: HandleInputProps) => (
  <div class="affix">
    <span aria-hidden="true">@</span>
    <input
      {...ids}
      type="text"
      name="handle"
      required
      maxLength={most}
      autocomplete="username"
      autocapitalize="none"
      spellcheck={false}
      value={value}
    />
    <span aria-hidden="true">@{shell.domain}</span>
  </div>
)

export const SignUp = (props: SignUpProps) => {
  const { shell, wrong, inviter } = props
  const of = (field: string) => (wrong?.field === field ? wrong.text : undefined)
  return (
    <div class="narrow">
      <div class="head">
        <h1>{props.organiser ? `Open ${shell.title}` : `Join ${shell.title}`}</h1>
        <p class="soft">
          {props.organiser
            ? 'You were invited to run this community. Make your account to begin.'
            : inviter
              ? `@${inviter} invited you. Choose a name, and you live here.`
              : 'Choose a name, and you live here.'}
        </p>
      </div>
      <form class="card" method="post" action="/sign-up">
        <input type="hidden" name="token" value={props.token} />
        {props.invite && <input type="hidden" name="invite" value={props.invite} />}
        {wrong && !wrong.field && <Message kind="wrong">{wrong.text}</Message>}
        <Field
          name="handle"
          label="Name"
          hint="Letters a to z, digits and underscores. It cannot be changed later."
          wrong={of('handle')}
        >
          {(ids) => <HandleInput ids={ids} shell={shell} most={31} value={props.handle} />}
        </Field>
        <Field
          name="display_name"
          label="What people call you"
          hint="Optional; change it whenever you like."
          wrong={of('display_name')}
        >
          {(ids) => (
            <input
              {...ids}
              type="text"
              name="display_name"
              maxLength={60}
              autocomplete="name"
              value={props.displayName}
            />
          )}
        </Field>
        <NewPasswordField label="Password" wrong={of('password')} />
        <button class="button wide" type="submit">
          Move in
        </button>
      </form>
      <p class="soft small foot">
        Do you live here already? <a href="/log-in">Log in</a>
      </p>
    </div>
  )
}

export const NotNow = ({ shell, title, text }: { shell: Shell; title: string; text: string }) => (
  <div class="narrow">
    <div class="card">
      <h1>{title}</h1>
      <p class="soft">{text}</p>
      <div class="row">
        <a class="button" href="/log-in">
          Log in
        </a>
        <a class="button quiet" href="/">
          To {shell.title}
        </a>
      </div>
    </div>
  </div>
)

type LogInProps = {
  next: string
  handle?: string
  wrong?: string | undefined
  done?: string | undefined
  shell: Shell
}

export const LogIn = ({ shell, next, handle, wrong, done }: LogInProps) => (
  <div class="narrow">
    <div class="head">
      <h1>Welcome back</h1>
    </div>
    <form class="card" method="post" action="/log-in">
      <input type="hidden" name="next" value={next} />
      {wrong && <Message kind="wrong">{wrong}</Message>}
      {done && <Message>{done}</Message>}
      <Field name="handle" label="Name">
        {(ids) => <HandleInput ids={ids} shell={shell} most={32 + shell.domain.length} value={handle} />}
      </Field>
      <Field name="password" label="Password">
        {(ids) => <input {...ids} type="password" name="password" required autocomplete="current-password" />}
      </Field>
      <button class="button wide" type="submit">
        Log in
      </button>
    </form>
    <p class="soft small foot">
      {shell.registration === 'Open' && (
        <>
          New here? <a href="/sign-up">Sign up</a>.{' '}
        </>
      )}
      Forgot your password? An organiser of the community can give you a link.
    </p>
  </div>
)

export const NewPassword = ({
  token,
  handle,
  wrong,
}: {
  token: string
  handle: string
  wrong?: Wrong | undefined
}) => (
  <div class="narrow">
    <div class="head">
      <h1>A new password</h1>
      <p class="soft">For @{handle}. You will be logged out everywhere.</p>
    </div>
    <form class="card" method="post" action={`/reset/${token}`}>
      <input type="hidden" name="username" autocomplete="username" value={handle} />
      {wrong && !wrong.field && <Message kind="wrong">{wrong.text}</Message>}
      <NewPasswordField label="New password" wrong={wrong?.field && wrong.text} />
      <button class="button wide" type="submit">
        Set it
      </button>
    </form>
  </div>
)
