// The invariants of DESIGN §8, as far as one process can see them, held against what people were told.
import { createHash } from 'node:crypto'
import { postUri } from '../../../instance/federation/documents/addresses.ts'
import type { Known, Model, Post } from '../model.ts'
import type { Play } from '../run/play.ts'
import { followedAfter, likedAfter, notesAfter, type Tale } from '../run/strangers.ts'
import { firstOf } from '../world/fixture.ts'
import { FAR_INBOX } from '../world/remote.ts'
import { type DirectoryRows, type HomeRows, readState } from './state.ts'

type Say = (text: string) => void
type Seen = {
  readonly homes: readonly HomeRows[]
  readonly directory: DirectoryRows
  readonly model: Model
  readonly tales: readonly Tale[]
  readonly origin: string
  readonly say: Say
}

/** What holds also when a home was put back to an older copy, and what people did there since is lost. */
const ALWAYS = [seats, homesOf, written, acceptedOnce, lasting, pictures]
/** What a home that lost its last moments may see otherwise than others do. */
const UNLESS_LOST = [read, edges, reactions, strangers]

export async function check({ world, model, tales, restores }: Play): Promise<void> {
  const state = await readState(world)
  const say: Say = (text) => model.violations.push(text)
  const seen: Seen = { ...state, model, tales, origin: world.origin, say }
  const lost = restores.some((which) => which !== 'directory')
  for (const one of lost ? ALWAYS : [...ALWAYS, ...UNLESS_LOST]) one(seen)
  delivered(seen, world.arrived)
}

const homeOf = ({ homes, directory }: Seen, handle: string): HomeRows | undefined => {
  const member = directory.members.find((one) => one.handle === handle)
  return homes.find(({ ordinal }) => ordinal === member?.home)
}

function seats({ homes, directory, say }: Seen): void {
  for (const { ordinal, home, members } of homes) {
    if (home.high_water > home.cap)
      say(`I1: instance ${ordinal} once had ${home.high_water} residents of ${home.cap}`)
    if (home.missing > 0) say(`I12: instance ${ordinal} still says that ${home.missing} are missing`)
    if (home.residents !== members.length)
      say(`I1: instance ${ordinal} counts ${home.residents} residents and has ${members.length}`)
  }
  for (const { ordinal, cap, taken } of directory.instances) {
    const held = directory.moves.filter(
      ({ step, source, target }) =>
        (step === 'switched' || step === 'activated'
          ? source
          : step === 'done' || step === 'undone'
            ? 0
            : target) === ordinal,
    )
    const seated = directory.members.filter(({ home }) => home === ordinal).length + held.length
    if (taken !== seated || taken > cap)
      say(`I1: instance ${ordinal} has ${taken} seats taken of ${cap}, and ${seated} who sit there`)
  }
}

function homesOf({ homes, directory, model, say }: Seen): void {
  for (const { id, handle } of model.people) {
    const known = directory.members.filter((one) => one.handle === handle || one.id === id)
    if (known.length !== 1 || known[0]?.id !== id || known[0].handle !== handle)
      say(`I2: the directory has ${JSON.stringify(known)} for ${handle}`)
    const places = homes.flatMap(({ ordinal, members }) =>
      members.filter((one) => one.id === id).map(({ state, epoch }) => ({ ordinal, state, epoch })),
    )
    const wanted = [{ ordinal: known[0]?.home, state: 'active', epoch: known[0]?.epoch }]
    if (JSON.stringify(places) !== JSON.stringify(wanted))
      say(`I2: ${handle} lives at ${JSON.stringify(places)}; the directory says ${JSON.stringify(wanted)}`)
  }
  for (const { member_id, epoch, step, target } of directory.moves) {
    const member = directory.members.find(({ id }) => id === member_id)
    if (step === 'done' && (member?.epoch ?? 0) <= epoch)
      say(`I2: a move to ${target} is done, and its member has epoch ${member?.epoch}`)
  }
}

function written(seen: Seen): void {
  const { homes, model, origin, say } = seen
  for (const { handle } of model.people) {
    const own = homeOf(seen, handle)?.posts.filter(({ account }) => account === handle) ?? []
    for (const post of [...model.posts.values()].filter(({ author }) => author === handle)) {
      const found = own.filter(({ html }) => versionIn(html, post) !== undefined)
      const uri = post.id && postUri(origin, handle, post.id)
      if (found.length > 1) say(`I3: "${post.text}" is there ${found.length} times`)
      if (post.is === 'yes' && (found.length !== 1 || found[0]?.uri !== uri || !found[0]?.own))
        say(
          `I3: "${post.text}" of ${handle} was acknowledged as ${uri}, and its home has ${JSON.stringify(found)}`,
        )
      if (post.is === 'no' && found.length > 0)
        say(`I3: "${post.text}" of ${handle} was deleted or refused, and is there`)
      const version = versionIn(found[0]?.html ?? '', post)
      if (post.is === 'yes' && version !== undefined && !post.versions.has(version))
        say(`I3: "${post.text}" of ${handle} is version ${version}, not ${[...post.versions].join(' or ')}`)
    }
    // What others see of it: their followers every post, and nobody one that was deleted.
    for (const { ordinal, posts } of homes) {
      for (const post of [...model.posts.values()].filter(
        ({ author, is }) => author === handle && is === 'no',
      )) {
        const left = posts.find(
          ({ html, account }) => account === handle && versionIn(html, post) !== undefined,
        )
        if (left) say(`I3: "${post.text}" of ${handle} was deleted, and is still at instance ${ordinal}`)
      }
    }
  }
}

/** Which version of a post this is; undefined if it is another post. */
function versionIn(html: string, post: Post): number | undefined {
  const [, version] = html.split(`>${post.text}`)[1]?.match(/^(?: v(\d+))?</) ?? [undefined, undefined]
  return html.includes(`>${post.text}<`) ? 0 : version === undefined ? undefined : Number(version)
}

function read(seen: Seen): void {
  const { model, origin, say } = seen
  for (const pair of model.lasting) {
    const [follower = '', author = ''] = pair.split('>')
    const there = new Map(homeOf(seen, follower)?.posts.map(({ uri, html }) => [uri, html]))
    for (const post of model.posts.values()) {
      if (post.author !== author || post.is !== 'yes' || !post.id) continue
      const got = versionIn(there.get(postUri(origin, author, post.id)) ?? '', post)
      if (got === undefined || !post.versions.has(got))
        say(
          `I5: ${follower} follows ${author}, and has ${got === undefined ? 'not got' : `version ${got} of`} "${post.text}"`,
        )
    }
  }
}

function acceptedOnce({ model, say }: Seen): void {
  for (const [key, ordinals] of model.accepted) {
    if (ordinals.size > 1)
      say(`I4: writes of ${key} were accepted at instances ${[...ordinals].join(' and ')}`)
  }
}

const isKnown = (known: Known, there: boolean) => known === 'either' || (known === 'yes') === there

function edges(seen: Seen): void {
  const { model, tales, say } = seen
  const dora = followedAfter(tales)
  for (const { handle: from } of model.people) {
    for (const { handle: to } of model.people) {
      if (from === to) continue
      const [here, there] = [homeOf(seen, from), homeOf(seen, to)].map(
        (home) => home?.follows.find((edge) => edge.from === from && edge.to === to)?.state,
      )
      const known = model.follows.get(`${from}>${to}`) ?? 'no'
      if (
        here !== there ||
        (here !== undefined && here !== 'accepted') ||
        !isKnown(known, here !== undefined)
      ) {
        say(
          `I5: ${from} follows ${to}: ${known}; at the follower's home ${here ?? 'no'}, at the other's ${there ?? 'no'}`,
        )
      }
    }
    const home = homeOf(seen, from)
    const has = (a: string, b: string) =>
      home?.follows.some((edge) => edge.from === a && edge.to === b && edge.state === 'accepted') === true
    if (!has('carol', from)) say(`I5: carol no longer follows ${from}`)
    if (!has(from, 'bob')) say(`I5: ${from} no longer follows bob`)
    if (has('dora', from) !== (from === dora))
      say(`I5, I15: dora ${has('dora', from) ? 'follows' : 'does not follow'} ${from}`)
  }
}

function reactions(seen: Seen): void {
  const { model, origin, say } = seen
  for (const kind of ['likes', 'boosts'] as const) {
    for (const [key, known] of model[kind]) {
      const at = key.indexOf(' ')
      const [who, text] = [key.slice(0, at), key.slice(at + 1)]
      const post = model.posts.get(text)
      if (!post?.id || post.is !== 'yes') continue
      const uri = postUri(origin, post.author, post.id)
      const [here, there] = [homeOf(seen, who), homeOf(seen, post.author)].map(
        (home) => home?.[kind].some((row) => row.who === who && row.uri === uri) === true,
      )
      if (here !== there || !isKnown(known, here === true)) {
        say(
          `I3: ${kind} of ${who} for "${text}" of ${post.author}: ${known}; at their home ${here}, at the author's ${there}`,
        )
      }
    }
  }
}

function lasting(seen: Seen): void {
  const { homes, model, say } = seen
  const keys = new Set<string>()
  for (const { id, handle, sessions } of model.people) {
    const home = homeOf(seen, handle)
    const own = home?.keys
      .filter(({ member_id }) => member_id === id)
      .map(({ position, public_jwk }) => [position, public_jwk])
    keys.add(JSON.stringify(own))
    if (own?.length !== 2) say(`I7: ${handle} has ${own?.length} keys`)
    for (const session of sessions) {
      const hash = createHash('sha256')
        .update(session.split('.')[1] ?? '')
        .digest('hex')
      if (!home?.sessions.some(({ token, member_id }) => token === hash && member_id === id))
        say(`I11: a session of ${handle} is lost`)
      if (homes.some((other) => other !== home && other.sessions.some(({ token }) => token === hash)))
        say(`I11: a session of ${handle} opens two homes`)
    }
  }
  // All have the same pair of keys in these tests.
  if (keys.size > 1) say('I7: keys have changed')
}

function pictures(seen: Seen): void {
  const { homes, model, say } = seen
  for (const { id, handle, pictures, shown } of model.people) {
    const home = homeOf(seen, handle)
    for (const [sha256, known] of pictures) {
      const found = home?.media.filter((one) => one.member_id === id && one.sha256 === sha256)
      if (found?.some(({ sound }) => !sound)) say(`I6: picture ${sha256} of ${handle} has other content`)
      if (known === 'yes' && found?.length !== 1)
        say(`I3: picture ${sha256} of ${handle} is not at their home`)
    }
    if (homes.some((other) => other !== home && other.media.some(({ member_id }) => member_id === id)))
      say(`I2: pictures of ${handle} are at two homes`)
    const url = home?.actors.find((one) => one.handle === handle)?.document.icon?.url
    const showing = url?.split('/').at(-1) ?? 'none'
    if (!shown.has(showing)) say(`I3: ${handle} shows picture ${showing}, not ${[...shown].join(' or ')}`)
  }
}

function strangers(seen: Seen): void {
  const { model, tales, origin, say } = seen
  const notes = notesAfter(tales)
  const likedOne = likedAfter(tales)
  for (const { handle } of model.people) {
    const home = homeOf(seen, handle)
    for (const [uri, wanted] of notes) {
      const found = home?.posts.find((post) => post.uri === uri)?.html
      if (found !== wanted) say(`I15: ${uri} at the home of ${handle} is ${found}, not ${wanted}`)
    }
    const liked =
      home?.likes.some(
        ({ who, uri }) =>
          who === 'bob' && uri === postUri(origin, handle, model.posts.get(firstOf(handle))?.id ?? ''),
      ) === true
    if (liked !== (handle === likedOne)) say(`I15: bob's like of the first post of ${handle} is ${liked}`)
  }
}

function delivered({ model, origin, say }: Seen, arrived: Play['world']['arrived']): void {
  const ids = new Map<string, Set<string>>()
  for (const { id, type, object } of arrived) {
    if (type === 'Move') say(`I10: a Move was sent: ${id}`)
    if (type !== 'Create' && type !== 'Delete') continue
    const key = `${type} ${object}`
    ids.set(key, (ids.get(key) ?? new Set()).add(id))
  }
  for (const [key, all] of ids) if (all.size > 1) say(`I10: ${key} was sent as ${[...all].join(' and ')}`)
  for (const post of model.posts.values()) {
    if (!post.id || post.text === firstOf(post.author)) continue
    const uri = postUri(origin, post.author, post.id)
    const got = (type: string) =>
      arrived.some((one) => one.inbox === FAR_INBOX && one.type === type && one.object === uri)
    if (!got('Create')) say(`I10: "${post.text}" of ${post.author} never reached far.example`)
    if (post.is === 'no' && !got('Delete'))
      say(`I10: that "${post.text}" of ${post.author} was deleted never reached far.example`)
  }
}
