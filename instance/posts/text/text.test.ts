import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sanitiseHtml } from './sanitise.ts'
import { readText, type Targets, textToHtml, tidy } from './text.ts'

const targets: Targets = {
  mention: ({ handle, domain }) =>
    handle === 'nobody' ? undefined : { url: `https://${domain ?? 'garden.example'}/@${handle}`, handle },
  hashtag: (tag) => `https://garden.example/tags/${encodeURIComponent(tag.toLowerCase())}`,
}

test('paragraphs, line ends and escaping', () => {
  expect(textToHtml('One <b>&\ntwo\n\n\n\nthree "x"', targets)).toBe(
    '<p>One &lt;b&gt;&amp;<br>two</p><p>three &quot;x&quot;</p>',
  )
  expect(tidy('  a\r\nb\u0000\u0007\r\n ')).toBe('a\nb')
})

test('mentions of residents and of remote people, and of nobody', () => {
  expect(textToHtml('Hi @Ana, @ben@other.example.', targets)).toBe(
    '<p>Hi <span class="h-card" translate="no"><a href="https://garden.example/@ana" class="u-url mention">@<span>ana</span></a></span>, ' +
      '<span class="h-card" translate="no"><a href="https://other.example/@ben" class="u-url mention">@<span>ben</span></a></span>.</p>',
  )
  expect(textToHtml('@nobody', targets)).toBe('<p>@nobody</p>')
})

test('what only looks like a mention or a tag is left alone', () => {
  expect(readText('mail me at ana@garden.example, see issue#3 and https://x.example/@ana#top, #1')).toEqual({
    mentions: [],
    hashtags: [],
  })
  expect(readText('@Ana @ana @ana@b.example #Tea #tea #été_2026 (#x)')).toEqual({
    mentions: [
      { handle: 'ana', domain: undefined },
      { handle: 'ana', domain: 'b.example' },
    ],
    hashtags: ['Tea', 'été_2026', 'x'],
  })
})

test('links are shortened for the eye and whole in the address', () => {
  const html = textToHtml('https://www.example.org/a/very/long/path/that/goes/on?q=1&r=2 ok', targets)
  expect(html).toContain('href="https://www.example.org/a/very/long/path/that/goes/on?q=1&amp;r=2"')
  expect(html).toContain('class="ellipsis"')
  expect(html.replace(/<[^>]*>/g, '')).toBe(
    'https://www.example.org/a/very/long/path/that/goes/on?q=1&amp;r=2 ok',
  )
  expect(textToHtml('javascript:alert(1) ftp://x.example //x.example', targets)).not.toContain('<a')
})

test('whatever is typed, the HTML is already clean and its words are the text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('<script>', '@ana', '#tag', 'https://a.example/<x>"', '\n\n', '&lt;', "' onx=", ' '),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      const html = textToHtml(text, targets)
      expect(html).not.toMatch(/<(?!\/?(?:p|a|br|span)\b)/)
      expect(html).not.toMatch(/<[^>]*\son\w+=/)
      const words = (some: string) => some.replace(/<[^>]*>/g, '').replace(/\s+/g, '')
      expect(words(sanitiseHtml(html)).replaceAll('&quot;', '"').replaceAll('&#39;', "'")).toBe(
        words(html).replaceAll('&quot;', '"').replaceAll('&#39;', "'"),
      )
    }),
  )
})
