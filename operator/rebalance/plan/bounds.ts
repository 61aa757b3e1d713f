// Who may be where: seats, the smallest group, pins, and how many must move at the least.
import type { Checked } from './check.ts'
import { type PlanRefusal, refusePlan } from './input.ts'

export type Bounds = {
  readonly most: Int32Array
  readonly least: Int32Array
  /** Members of each instance now. */
  readonly now: Int32Array
  /** Seats that are held for others. */
  readonly held: Int32Array
  /** Instances that are filled for the first time, if they are needed. */
  readonly opened: readonly number[]
  /** Instances that nobody may come to, but where some stay because there are no seats elsewhere. */
  readonly staying: readonly number[]
  /** No plan moves fewer. */
  readonly lowerBound: number
}

/**
 * Pure. `all`: also use instances that could stay empty.
 *
 * The smallest group: without one, the cheapest way to make room is to send away whoever has no friends. An instance that is
 * filled for the first time gets at least a fifth of its seats, and none is emptied below that.
 */
export function findBounds(checked: Checked, headroom: number, all: boolean): Bounds | PlanRefusal {
  const { members, instances, index } = checked
  const k = instances.length
  const now = new Int32Array(k)
  const pins = new Int32Array(k)
  // Who must leave, and come, because of a pin.
  const away = new Int32Array(k)
  const coming = new Int32Array(k)
  let homeless = 0
  for (const { home, pinned } of members) {
    const from = home === undefined ? undefined : index.get(home)
    const to = pinned === undefined ? undefined : index.get(pinned)
    if (from === undefined) homeless++
    else now[from] = count(now, from) + 1
    if (to === undefined) continue
    pins[to] = count(pins, to) + 1
    if (from === to) continue
    coming[to] = count(coming, to) + (from === undefined ? 0 : 1)
    if (from !== undefined) away[from] = count(away, from) + 1
  }
  const held = Int32Array.from(instances, ({ cap, free }, i) =>
    free === undefined ? 0 : Math.max(0, cap - count(now, i) - free),
  )
  const isActive = (i: number) => instances[i]?.state === 'Active'
  const seats = Int32Array.from(instances, ({ cap }, i) =>
    isActive(i) ? Math.max(0, cap - count(held, i)) : 0,
  )
  const most = seats.map((free) => Math.max(0, free - headroom))
  for (const [i, { ordinal }] of instances.entries()) {
    if (pins[i] === 0) continue
    if (!isActive(i)) {
      const why = `somebody is pinned to instance ${ordinal}, which is being emptied. Take the pin away.`
      return { ...refusePlan('pin-to-closing', 'members.pinned', why), instance: ordinal }
    }
    if (count(pins, i) > count(most, i)) {
      const why = `${pins[i]} members are pinned to instance ${ordinal}, which has ${most[i]} seats for them. Take pins away, raise the cap or lower headroom.`
      return { ...refusePlan('pins-exceed-cap', 'members.pinned', why), instance: ordinal }
    }
  }

  const n = members.length
  const staying: number[] = []
  let missing = n - sum(most)
  if (missing > 0) {
    if (sum(seats) >= n) {
      const why = `${n} members and ${sum(seats)} seats leave no ${headroom} free in every instance. Lower headroom or add an instance.`
      return refusePlan('no-headroom', 'headroom', why)
    }
    for (let i = 0; i < k && missing > 0; i++) {
      if (isActive(i) || now[i] === 0) continue
      most[i] = Math.min(count(now, i), missing)
      missing -= count(most, i)
      staying.push(i)
    }
    if (missing > 0) {
      const why = `${n} members, but seats for ${n - missing}. Add an instance, raise a cap or lower headroom.`
      return refusePlan('too-few-seats', 'instances', why)
    }
  }

  // The first plan of a community uses what it is given; later, an instance is filled only when the others are full.
  const opened: number[] = []
  const empty = Array.from(most.keys()).filter((i) => isActive(i) && now[i] === 0)
  let room = sum(most) - empty.reduce((total, i) => total + count(most, i), 0)
  for (const i of empty.sort((a, b) => Number(pins[a] === 0) - Number(pins[b] === 0) || a - b)) {
    if (all || homeless === n || pins[i] !== 0 || room < n) {
      room += count(most, i)
      opened.push(i)
    } else most[i] = 0
  }
  const fifth = (i: number) => Math.min(count(most, i), Math.ceil(count(most, i) / 5))
  const least = most.map((_, i) =>
    opened.includes(i) ? fifth(i) : Math.min(fifth(i), count(now, i) - count(away, i)),
  )
  for (const i of staying) least[i] = 0
  // Where there are too few people for that, everybody gets a fair share.
  if (sum(least) > n) for (let i = 0; i < k; i++) least[i] = Math.floor((count(most, i) * n) / sum(most))

  let leaving = 0
  let filling = -homeless
  for (let i = 0; i < k; i++) {
    leaving += Math.max(count(away, i), count(now, i) + count(coming, i) - count(most, i), 0)
    filling += Math.max(0, count(least, i) - count(now, i))
  }
  return { most, least, now, held, opened, staying, lowerBound: Math.max(leaving, filling) }
}

const count = (array: Int32Array, i: number): number => array[i] ?? 0
const sum = (array: Int32Array): number => array.reduce((total, value) => total + value, 0)
