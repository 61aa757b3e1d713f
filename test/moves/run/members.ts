// What members do, as their browsers do it: at some pod, handed to the home, tried once more where they went.

import { logIn } from '../../../instance/accounts/log-in.ts'
import { postUri } from '../../../instance/federation/documents/addresses.ts'
import { resolveAccount } from '../../../instance/federation/resolve/account.ts'
import { resolvePost } from '../../../instance/federation/resolve/post.ts'
import type { Instance } from '../../../instance/instance.ts'
import { follow, unfollow } from '../../../instance/members/follow.ts'
import { updateProfile } from '../../../instance/members/profile.ts'
import { activateArrived } from '../../../instance/move/gate.ts'
import { editPost } from '../../../instance/posts/edit.ts'
import { boost, like, unboost, unlike } from '../../../instance/posts/react.ts'
import { deletePost } from '../../../instance/posts/remove.ts'
import { type Author, writePost } from '../../../instance/posts/write.ts'
import { isRefusal, type Refusal } from '../../../instance/refusal.ts'
import { PASSWORD } from '../../postgres/people.ts'
import { accept, type Ended, type Model, type Post, personOf, wished } from '../model.ts'
import type { Op } from '../schedule/acts.ts'
import { firstOf, pictureOf } from '../world/fixture.ts'
import type { World } from '../world/world.ts'

/** Asks at the home that memory names, then at the one that the directory names. */
export async function atHome<T>(
  world: World,
  model: Model,
  handle: string,
  verb: (instance: Instance, author: Author) => Promise<T | Refusal>,
): Promise<Ended<T>> {
  const { id } = personOf(model, handle)
  try {
    let ordinal = world.pods[0]?.instance.homes.byId(id)?.home ?? 1
    for (let tries = 0; tries < 3; tries++) {
      const { instance, process } = world.pod(ordinal)
      if (process.life.dead) return { is: 'refused', code: 'home-down' }
      const row = await instance.db
        .selectFrom('members')
        .select(['state', 'epoch'])
        .where('id', '=', id)
        .executeTakeFirst()
      if (row && row.state !== 'staged' && row.state !== 'leaving') {
        const result = await verb(instance, { id, handle, epoch: row.epoch })
        if (!isRefusal(result)) {
          const done = { is: 'done', value: result, ordinal, epoch: row.epoch } as const
          accept(model, handle, done)
          return done
        }
        if (result.code !== 'elsewhere') return { is: 'refused', code: result.code }
      }
      const fresh = await instance.homes.freshById(id)
      if (!fresh) return { is: 'refused', code: 'unknown' }
      if (fresh.home === ordinal && row?.state === 'staged') await activateArrived(instance, id)
      ordinal = fresh.home
    }
    return { is: 'refused', code: 'undecided' }
  } catch {
    return { is: 'unknown' }
  }
}

type MemberOp = Extract<Op, { who: string }>

export async function actOfMember(
  world: World,
  model: Model,
  op: Exclude<MemberOp, { do: 'look' }>,
): Promise<void> {
  switch (op.do) {
    case 'write':
      return write(
        world,
        model,
        {
          author: op.who,
          text: op.text,
          visibility: op.visibility,
          is: 'no',
          id: undefined,
          versions: new Set([0]),
        },
        op.answers,
      )
    case 'write-again': {
      const post = nth(
        own(model, op.who).filter(({ text }) => text !== firstOf(op.who)),
        op.nth,
      )
      return post && write(world, model, post, undefined)
    }
    case 'delete':
      return remove(
        world,
        model,
        nth(
          own(model, op.who).filter((post) => post.id && post.text !== firstOf(op.who)),
          op.nth,
        ),
      )
    case 'edit':
      return edit(
        world,
        model,
        nth(
          own(model, op.who).filter((post) => post.id && post.text !== firstOf(op.who)),
          op.nth,
        ),
      )
    case 'follow':
    case 'unfollow':
      return alone(model, `follow ${op.who} ${op.whom}`, async () => {
        model.lasting.delete(`${op.who}>${op.whom}`)
        const ended = await atHome(world, model, op.who, async (instance, author) => {
          const whom = await resolveAccount(instance, `@${op.whom}`)
          return isRefusal(whom) ? whom : (op.do === 'follow' ? follow : unfollow)(instance, author, whom.id)
        })
        wished(model.follows, `${op.who}>${op.whom}`, op.do === 'follow' ? 'yes' : 'no', ended)
      })
    case 'like':
    case 'unlike':
    case 'boost':
    case 'unboost':
      return react(world, model, op)
    case 'log-in':
      return logInOnce(world, model, op.who)
    case 'picture':
      return showPicture(world, model, op.who)
  }
}

const own = (model: Model, handle: string) =>
  [...model.posts.values()].filter(({ author }) => author === handle)
const nth = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(1, items.length)]

/** Two things to one thing at a time: nobody could say which was last. */
async function alone(model: Model, key: string, fn: () => Promise<void>): Promise<void> {
  if (model.busy.has(key)) return
  model.busy.add(key)
  await fn().finally(() => model.busy.delete(key))
}

function write(world: World, model: Model, post: Post, answers: string | undefined): Promise<void> {
  return alone(model, `post ${post.text}`, async () => {
    const parent = answers === undefined ? undefined : model.posts.get(firstOf(answers))
    model.posts.set(post.text, post)
    const ended = await atHome(world, model, post.author, async (instance, author) => {
      const answered =
        parent?.id && (await resolvePost(instance, postUri(world.origin, parent.author, parent.id)))
      if (isRefusal(answered)) return answered
      return writePost(instance, author, {
        text: post.text,
        visibility: post.visibility,
        onceKey: post.text,
        ...(answered && { replyTo: answered.id }),
      })
    })
    if (ended.is === 'done') {
      if (post.id !== undefined && post.id !== ended.value.id)
        model.violations.push(`I3: "${post.text}" was written twice, as ${post.id} and ${ended.value.id}`)
      // Written again after it was deleted, the form gives the post that there was.
      if (post.id === undefined) Object.assign(post, { is: 'yes', id: ended.value.id })
    } else if (ended.is === 'unknown' && post.id === undefined) post.is = 'either'
  })
}

/** A version is edited by its author alone, and numbered by them, so that the newest is known. */
async function edit(world: World, model: Model, post: Post | undefined): Promise<void> {
  if (!post) return
  await alone(model, `post ${post.text}`, async () => {
    const version = Math.max(...post.versions) + 1
    const ended = await atHome(world, model, post.author, (instance, author) =>
      editPost(instance, author, post.id ?? '', { text: `${post.text} v${version}` }),
    )
    if (ended.is === 'done') post.versions = new Set([version])
    else if (ended.is === 'unknown') post.versions.add(version)
    else if (ended.code === 'not-found' && post.is === 'yes')
      model.violations.push(`I3: "${post.text}" was acknowledged and is not found`)
  })
}

async function remove(world: World, model: Model, post: Post | undefined): Promise<void> {
  if (!post) return
  await alone(model, `post ${post.text}`, async () => {
    const ended = await atHome(world, model, post.author, (instance, author) =>
      deletePost(instance, author, post.id ?? ''),
    )
    if (ended.is === 'done') post.is = 'no'
    else if (ended.is === 'unknown' && post.is === 'yes') post.is = 'either'
    else if (ended.is === 'refused' && ended.code === 'not-found') {
      if (post.is === 'yes') model.violations.push(`I3: "${post.text}" was acknowledged and is not found`)
      post.is = 'no'
    }
  })
}

async function react(
  world: World,
  model: Model,
  op: Extract<Op, { do: 'like' | 'unlike' | 'boost' | 'unboost' }>,
): Promise<void> {
  const post = nth(
    [...model.posts.values()].filter(
      ({ id, is, visibility }) => id && is === 'yes' && visibility === 'public',
    ),
    op.nth,
  )
  if (!post) return
  const kind = op.do === 'like' || op.do === 'unlike' ? 'likes' : 'boosts'
  const verb = { like, unlike, boost, unboost }[op.do]
  await alone(model, `${kind} ${op.who} ${post.text}`, async () => {
    const ended = await atHome(world, model, op.who, async (instance, author) => {
      const seen = await resolvePost(instance, postUri(world.origin, post.author, post.id ?? ''))
      return isRefusal(seen) ? seen : verb(instance, author, seen.id)
    })
    wished(model[kind], `${op.who} ${post.text}`, op.do === 'like' || op.do === 'boost' ? 'yes' : 'no', ended)
  })
}

async function logInOnce(world: World, model: Model, handle: string): Promise<void> {
  const ended = await atHome(world, model, handle, (instance) =>
    logIn(instance, { handle, password: PASSWORD, address: '192.0.2.1' }),
  )
  if (ended.is === 'done') personOf(model, handle).sessions.push(ended.value.session)
  if (ended.is === 'refused' && ended.code === 'wrong-log-in')
    model.violations.push(`I11: the password of ${handle} was refused`)
}

/** As many as are kept, with the first. */
const PICTURES = 5

async function showPicture(world: World, model: Model, handle: string): Promise<void> {
  const person = personOf(model, handle)
  await alone(model, `picture ${handle}`, async () => {
    if (person.pictures.size >= PICTURES) return
    const picture = pictureOf(`${handle} ${person.pictures.size}`)
    person.pictures.set(picture.sha256, 'either')
    const ended = await atHome(world, model, handle, (instance, author) =>
      updateProfile(instance, author, { displayName: '', bio: '', locked: false, picture }),
    )
    if (ended.is === 'done') {
      person.pictures.set(picture.sha256, 'yes')
      person.shown = new Set([picture.sha256])
    } else if (ended.is === 'unknown') person.shown.add(picture.sha256)
  })
}
