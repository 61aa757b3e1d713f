// What a plan heeds beside the cap, and what of it gives way where not all of it can be had. The cap never does.
import type { PlanRefusalCode } from '../../../rebalance/plan/input.ts'

/** Who stays where they are if there is any other way. Each of these heeds less than the one before it. */
const STAYS = ['wishes', 'keepers', 'tried', 'moving', 'nobody'] as const

export type Heeded = {
  /** Seats of every instance that stay free. */
  readonly headroom: number
  /**
   * `wishes`: whoever wishes to stay, and all of the next ones. `keepers`: of these only those who look after a home.
   * `tried`: those who could not be moved, again and again. `moving`: those who are on their way.
   */
  readonly stays: (typeof STAYS)[number]
  /** People who wish to live together do. */
  readonly together: boolean
  /** Whoever wishes to move does. */
  readonly eager: boolean
}

export const heeds = ({ stays }: Pick<Heeded, 'stays'>, which: Exclude<Heeded['stays'], 'nobody'>): boolean =>
  STAYS.indexOf(stays) <= STAYS.indexOf(which)

/**
 * Pure. What to heed after a plan was refused; `undefined` where nothing that gives way would help. Where members would
 * swap and there is no seat to swap through, all seats are taken, so there is no headroom and nobody who stays is in the
 * way: only wishes ask for such a plan.
 */
export function heedLess(heeded: Heeded, refused: PlanRefusalCode): Heeded | undefined {
  const { headroom, stays, together, eager } = heeded
  switch (refused) {
    case 'together-pinned-apart':
    case 'together-exceeds-cap':
    case 'together-does-not-fit':
      return together ? { ...heeded, together: false } : undefined
    case 'no-spare-seat':
      return together || eager ? { ...heeded, together: false, eager: false } : undefined
    case 'no-headroom':
    case 'too-few-seats':
      return headroom > 0 ? { ...heeded, headroom: 0 } : undefined
    case 'pins-exceed-cap': {
      if (headroom > 0) return { ...heeded, headroom: 0 }
      const less = STAYS[STAYS.indexOf(stays) + 1]
      return less && { ...heeded, stays: less }
    }
    default:
      return undefined
  }
}
