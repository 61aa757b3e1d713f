// What every page has to be, whoever looks at it and on whatever.
import axe from 'axe-core'
import { DESK, keepPicture, type Person, PHONE } from './person.ts'

/** What reaches over the side of the screen, so that a reader would have to push the page about; nothing if all is well. */
export async function tooWide({ page }: Person): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const wide = document.scrollingElement.scrollWidth
    if (wide <= innerWidth) return []
    const out = [...document.querySelectorAll('body *')]
      .filter((one) => !one.closest('svg') && one.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 5)
      .map((one) => one.tagName + '.' + one.className)
    return ['the page is ' + wide + ' wide on a screen of ' + innerWidth + ': ' + out.join(', ')]
  })()`)
}

/** Barriers that shut people out, as axe knows them, with the element of each. */
export async function barriers({ page }: Person): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`),
    )
}

export type Look = {
  readonly screen: 'phone' | 'desk'
  readonly colours: 'light' | 'dark'
  /** Whether to look for barriers, which needs scripts and most of the time. */
  readonly barriers: boolean
}

/** Opens each page and returns what is wrong with it, with its path. */
export async function inspect(who: Person, paths: readonly string[], look: Look): Promise<string[]> {
  const { page, complaints } = who
  const wrong: string[] = []
  const before = page.viewportSize() ?? DESK
  await page.setViewportSize(look.screen === 'phone' ? PHONE : DESK)
  await page.emulateMedia({ colorScheme: look.colours, reducedMotion: 'reduce' })
  for (const path of paths) {
    await who.open(path)
    const name = path.replaceAll(/[^\w@]+/g, '-').replaceAll(/^-|-$/g, '') || 'front'
    await keepPicture(who, `${name}-${look.screen}-${look.colours}-${look.barriers ? 'scripts' : 'plain'}`)
    const found = [
      ...(await tooWide(who)),
      ...(look.barriers ? await barriers(who) : []),
      ...complaints.take(),
    ]
    for (const one of found) wrong.push(`${path} on a ${look.screen}, ${look.colours}: ${one}`)
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  await page.setViewportSize(before)
  return wrong
}
