import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HomeOf, type HomesView, pathParts, type RequestFacts, route, tokenHolder } from './route.ts'

const people = new Map<string, HomeOf & { id: string }>([
  ['ana', { id: '11', home: 1, state: 'active' }],
  ['bo', { id: '22', home: 2, state: 'active' }],
  ['gone', { id: '33', home: 2, state: 'deleted' }],
  ['new', { id: '44', home: 3, state: 'pending' }],
])
const homes: HomesView = {
  byHandle: (handle) => people.get(handle),
  byId: (id) => [...people.values()].find((person) => person.id === id),
}
const domain = 'garden.example'
const ask = (method: string, url: string, rest: Partial<RequestFacts> = {}) =>
  route({ method, url, cookie: undefined, authorization: undefined, domain, ...rest }, homes)
const asBo = { cookie: 'theme=dark; hamlet_session=22.secret; x=y' }

describe('route', () => {
  test.each([
    ['GET', '/users/ana', 1],
    ['GET', '/users/ANA/', 1],
    ['GET', '/users/an%61/outbox?page=true', 1],
    ['GET', 'https://garden.example/users/ana', 1],
    ['GET', '/users/bo/posts/123/activity', 2],
    ['GET', '/users/bo/inbox', 2],
    ['GET', '/@bo', 2],
    ['HEAD', '/%40Bo/99#x', 2],
    ['GET', '/@new', 3],
    ['GET', '/@bo@Garden.example', 2],
    ['GET', '/media/22/abcdef', 2],
  ])('%s %s is at home %i, whoever asks', (method, url, ordinal) => {
    expect(ask(method, url)).toMatchObject({ to: 'home', ordinal })
    expect(ask(method, url, asBo)).toMatchObject({ to: 'home', ordinal })
  })

  test.each([
    ['POST', '/users/bo/inbox'],
    ['POST', '/inbox'],
    ['GET', '/.well-known/webfinger?resource=acct:bo@garden.example'],
    ['GET', '/nodeinfo/2.1'],
    ['GET', '/actor'],
    ['POST', '/sign-up'],
    ['GET', '/sign-up/wait/token'],
    ['GET', '/invitation/token'],
    ['GET', '/assets/0123abcd.css'],
    ['GET', '/users/gone'],
    ['GET', '/media/../etc'],
  ])('%s %s is for anyone, with a session too', (method, url) => {
    expect(ask(method, url)).toEqual({ to: 'anyone' })
    expect(ask(method, url, asBo)).toEqual({ to: 'anyone' })
  })

  test.each([
    ['GET', '/'],
    ['GET', '/home'],
    ['GET', '/local'],
    ['GET', '/@someone@other.example'],
    ['POST', '/posts'],
    ['POST', '/posts/7/like'],
    ['POST', '/people/11/follow'],
    ['POST', '/log-out'],
    ['GET', '/log-in'],
  ])("%s %s is at the asker's home", (method, url) => {
    expect(ask(method, url)).toEqual({ to: 'anyone' })
    expect(ask(method, url, asBo)).toMatchObject({ to: 'home', ordinal: 2 })
    expect(ask(method, url, { authorization: 'Bearer 22.token' })).toMatchObject({ to: 'home', ordinal: 2 })
  })

  test('whom memory does not know is asked of the directory, for a 404 would be believed for ever', () => {
    expect(ask('GET', '/users/fresh')).toEqual({ to: 'ask-directory', subject: { handle: 'fresh' } })
    expect(ask('GET', '/home', { cookie: 'hamlet_session=99.x' })).toEqual({
      to: 'ask-directory',
      subject: { id: '99' },
    })
  })

  test('the log-in form says who it is for', () => {
    expect(ask('POST', '/log-in', asBo)).toEqual({ to: 'form' })
    expect(ask('POST', '/log-in?next=%2Fhome')).toEqual({ to: 'form' })
  })

  test('always answers, and only sends to homes that the directory named', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
        fc.oneof(
          fc.webPath(),
          fc.string(),
          fc
            .constantFrom('users', '@', 'media', 'posts')
            .chain((start) => fc.string().map((end) => `/${start}/${end}`)),
        ),
        fc.option(fc.string(), { nil: undefined }),
        fc.option(fc.string(), { nil: undefined }),
        (method, url, cookie, authorization) => {
          const answer = route({ method, url, cookie, authorization, domain }, homes)
          if (answer.to === 'home') expect([1, 2, 3]).toContain(answer.ordinal)
        },
      ),
    )
  })

  test('any spelling of a handle in a path leads to the same home', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom('ana', 'bo')
          .chain((handle) =>
            fc.tuple(
              fc.constant(handle),
              fc.tuple(
                ...[...handle].map((letter) =>
                  fc.constantFrom(letter, letter.toUpperCase(), percent(letter)),
                ),
              ),
            ),
          ),
        fc.constantFrom('/users/', '/@', '/%40'),
        fc.constantFrom('', '/', '/followers', '?a=/users/ana', '#/@ana'),
        ([handle, spelling], start, end) => {
          expect(ask('GET', `${start}${spelling.join('')}${end}`)).toMatchObject({
            to: 'home',
            ordinal: people.get(handle)?.home,
          })
        },
      ),
    )
  })
})

test('a token starts with its holder, and garbage is nobody', () => {
  const cookie = (value: string) => tokenHolder({ cookie: value, authorization: undefined })
  expect(cookie('hamlet_session=22.x')).toBe('22')
  expect(cookie('nothamlet_session=22.x')).toBeUndefined()
  expect(cookie('hamlet_session=ana.x')).toBeUndefined()
  expect(cookie('hamlet_session=99999999999999999999.x')).toBeUndefined()
  expect(cookie('hamlet_session')).toBeUndefined()
})

test('a path that cannot be decoded is nobody’s', () => {
  expect(pathParts('/users/%E0%A4%A')).toBeUndefined()
  expect(ask('GET', '/users/%E0%A4%A', asBo)).toEqual({ to: 'anyone' })
})

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}
