// What a benchmark gives: figures with their unit, how they were taken, and the aim they are held against.

export type Figure = {
  what: string
  /** Missing where it could not be taken; `how` says why. */
  value?: number
  unit: 'ms' | 's' | 'MB' | '1/s' | '1/min' | '×'
  /** Not a test: the wish that the figure is compared with. */
  aim?: string
  /** A bar: with more than this the run fails, once all was measured and kept. */
  atMost?: number
  /** How it was taken: runs, percentile, what ran beside it, what the largest cost is. */
  how: string
}

export type Bench = { what: string; run(say: (line: string) => void): Promise<Figure[]> }

export type Kept = { name: string; what: string; machine: string; date: string; figures: Figure[] }

/** Figures that are above their bar. */
export const missed = (figures: readonly Figure[]): Figure[] =>
  figures.filter(({ value, atMost }) => value !== undefined && atMost !== undefined && !(value <= atMost))

/** The value below which `share` (0 to 1) of the values lie, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('a percentile of nothing')
  return value
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** A benchmark's figures as Markdown. */
export function render(kept: Kept): string {
  const digits = (value: number) =>
    value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
  const rows = kept.figures.map(
    (figure) =>
      `| ${figure.what} | ${figure.value === undefined ? 'none' : `${digits(figure.value)} ${figure.unit}`} | ${figure.aim ?? ''} | ${figure.how} |`,
  )
  return `## ${kept.name}\n\n${kept.what}\n\n${kept.machine}, ${kept.date}\n\n| what | measured | aim | how |\n|---|---|---|---|\n${rows.join('\n')}\n`
}
