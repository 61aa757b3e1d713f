// A few homes of one community that people move between, made before the tests of a file and ended after them.
import { afterAll, beforeAll, inject } from 'vitest'
import { apply } from '../../instance/federation/in/apply/apply.ts'
import { handOver } from '../../instance/federation/spool/sender.ts'
import type { Instance } from '../../instance/instance.ts'
import { makeCommunity, type TestCommunity } from './databases.ts'
import { homeOf, makeInstance, makeTestSiblings, type TestInstance, type TestSiblings } from './instances.ts'
import { type Mover, makeMover } from './moves.ts'
import { join, type TestMember } from './people.ts'

export type Neighbourhood = {
  readonly community: TestCommunity
  readonly network: TestSiblings
  readonly mover: Mover
  at(ordinal: number): Instance
  person(name: string): TestMember
  /** One round of the workers of a home among its siblings; how many activities were applied. */
  round(ordinal: number): Promise<number>
  /** Rounds of these homes one after the other, so often. */
  rounds(ordinals: readonly number[], times?: number): Promise<void>
}

/** To be called at the top of a test file. `people` join the first home, before anybody moves. */
export function neighbourhood(options: {
  readonly homes: number
  readonly domain?: string
  readonly people?: readonly string[]
}): Neighbourhood {
  const network = makeTestSiblings()
  const people = new Map<string, TestMember>()
  const ordinals = Array.from({ length: options.homes }, (_, index) => index + 1)
  let made: { community: TestCommunity; homes: TestInstance[]; mover: Mover } | undefined
  const here = () => {
    if (!made) throw new Error('the homes are made before the first test')
    return made
  }
  const at = (ordinal: number) => {
    const home = here().homes[ordinal - 1]
    if (!home) throw new Error(`no home ${ordinal}`)
    return home.instance
  }
  beforeAll(async () => {
    const community = await makeCommunity(inject('postgresPort'), { cap: 20, ...options })
    const homes = await Promise.all(ordinals.map((n) => makeInstance(homeOf(community, n), n, network)))
    made = { community, homes, mover: makeMover(community, network) }
    // Later than the first move, newcomers would go to the fullest home.
    for (const name of options.people ?? []) people.set(name, await join(at(1), name))
  })
  afterAll(async () => {
    const { community, homes, mover } = here()
    await mover.close()
    for (const home of homes) await home.close()
    await community.close()
  })
  const round = async (ordinal: number) => {
    const instance = at(ordinal)
    const rows = await instance.db
      .selectFrom('intake')
      .select(['id', 'activity_uri', 'actor_uri', 'recipient', 'body', 'from_sibling'])
      .execute()
    for (const row of rows) await apply(instance, row)
    for (const to of ordinals.filter((other) => other !== ordinal))
      while ((await handOver(instance, to, new AbortController().signal)) === 'more');
    return rows.length
  }
  return {
    network,
    get community() {
      return here().community
    },
    get mover() {
      return here().mover
    },
    at,
    person: (name) => {
      const found = people.get(name)
      if (!found) throw new Error(`nobody is called ${name}`)
      return found
    },
    round,
    rounds: async (wanted, times = 3) => {
      for (let done = 0; done < times; done++) for (const ordinal of wanted) await round(ordinal)
    },
  }
}
