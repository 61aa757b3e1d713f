// A directory that was restored to an older copy: nothing is decided on the ground of it until its homes have made it whole.
import { GIVE_UP_NAMESAKES } from '../../api/objects.ts'
import { type Claim, ordinalsOf } from '../../build/data/claim.ts'
import { databaseName, directoryName, internalAddress } from '../../build/names.ts'
import type { Event, Step } from '../decision.ts'
import type { CommunitySnapshot, Refusal } from '../snapshot.ts'

export type RegressionDecision = {
  readonly refusal: Refusal
  readonly steps: readonly Step[]
  readonly events: readonly Event[]
}

/** Undefined: the directory is as new as anything that was seen of it. All homes have to answer before it is rebuilt. */
export function decideRegression(
  { community, regression, instances }: CommunitySnapshot,
  claim: Claim,
): RegressionDecision | undefined {
  if (!regression.regressed) return undefined
  const name = directoryName(claim.prefix)
  const old = `database ${name} is older than what its instances have seen: it was restored. Nobody can join or move`
  const [silent] = regression.silent
  if (silent)
    return {
      refusal: {
        reason: 'DirectoryRegressed',
        message: `${old} until all instances have said who lives there, and instance ${silent.ordinal} gives no answer: ${silent.message}`,
      },
      steps: [],
      events: [],
    }
  const { namespace, name: called, annotations } = community.metadata
  const homes = ordinalsOf(claim)
  const gone = instances.filter(({ spec }) => spec.state === 'Retired').map(({ spec }) => spec.ordinal)
  const retired = [...new Set([...claim.retired, ...gone])].sort((a, b) => a - b)
  return {
    refusal: {
      reason: 'DirectoryRegressed',
      message: `${old} for a moment: it is being made whole from what the instances say`,
    },
    steps: [
      {
        do: 'rebuildDirectory',
        order: {
          name,
          homes: homes.map((ordinal) => ({ ordinal, name: databaseName(claim.prefix, ordinal) })),
          retired,
          addresses: [...homes, ...retired].map((ordinal) => ({
            ordinal,
            address: internalAddress(called, ordinal, namespace),
          })),
          community: { namespace, name: called },
          givenUp: annotations?.[GIVE_UP_NAMESAKES],
        },
      },
    ],
    events: [
      {
        type: 'Warning',
        reason: 'DirectoryRegressed',
        message: `database ${name} was restored to an older copy and was made whole from ${homes.length === 1 ? 'its instance' : `its ${homes.length} instances`}: people who waited for a seat, invitations and links for new passwords that were made or used since are lost`,
      },
    ],
  }
}
