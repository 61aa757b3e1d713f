import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainText, sanitiseHtml } from './sanitise.ts'

/** Attacks in the shapes of the known cheat sheets. */
const ATTACKS = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//x.example/a.js></SCRIPT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="jav\tascript:alert(1)">x</a>',
  '<a href="&#106;avascript:alert(1)">x</a>',
  '<a href=" \u0001javascript:alert(1)">x</a>',
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<a href="vbscript:msgbox(1)">x</a>',
  '<a href="//x.example">x</a>',
  '<a href="https://x.example" onclick="alert(1)" style="position:fixed">x</a>',
  '<p style="background:url(javascript:alert(1))">x</p>',
  '<iframe src="https://x.example"></iframe>',
  '<object data="x"></object><embed src="x">',
  '<form action="https://x.example"><input name=password><button>Log in</button></form>',
  '<style>@import "https://x.example/a.css"</style>',
  '<link rel=stylesheet href="https://x.example/a.css"><meta http-equiv=refresh content=0>',
  '<base href="https://x.example/">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><script>alert(1)</script></template>',
  '<textarea><script>alert(1)</script></textarea>',
  '<title><img src=x onerror=alert(1)></title>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '<span class="button primary">x</span>',
  '<p id="main" name="x">x</p>',
  '<xmp><script>alert(1)</script></xmp>',
  '<plaintext><script>',
  '<a href="https://x.example" target="_self" rel="opener">x</a>',
]

/** Reads what is left as a browser would see it: tags and attributes, by a plain scan of escaped HTML. */
function expectClean(html: string) {
  const allowed = /^(?:p|br|span|a|del|s|pre|blockquote|code|b|strong|u|i|em|ul|ol|li|ruby|rt|rp)$/
  for (const [, , name = '', attributes = ''] of html.matchAll(
    /<(\/?)([a-zA-Z][^\s/>]*)((?:"[^"]*"|[^">])*)>/g,
  )) {
    expect(name).toMatch(allowed)
    for (const [, key = '', value = ''] of attributes.matchAll(/([^\s=/"]+)(?:="([^"]*)")?/g)) {
      expect(key).toMatch(/^(?:href|rel|class|target|translate|start|reversed|value)$/)
      if (key === 'href') expect(value).not.toMatch(/^\s*(?:javascript|data|vbscript|\/\/)/i)
      if (key === 'target') expect(value).toBe('_blank')
      if (key === 'rel') expect(value).toMatch(/noopener noreferrer$/)
    }
  }
  // No other "<" may begin a tag.
  expect(html.replace(/<\/?[a-zA-Z](?:"[^"]*"|[^">])*>/g, '')).not.toMatch(/<[a-zA-Z!/?]/)
}

test.each(ATTACKS)('leaves nothing that runs of %s', (attack) => expectClean(sanitiseHtml(attack)))

test('any mixture of attacks and text comes out clean, once or twice', () => {
  const piece = fc.oneof(
    fc.constantFrom(...ATTACKS),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '`',
      '&',
      '<a ',
      '</',
      '<!--',
      '-->',
      '=',
      'onload',
      ' href="',
      '<p>',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = sanitiseHtml(pieces.join(''))
      expectClean(once)
      expectClean(sanitiseHtml(once))
    }),
    { numRuns: 500 },
  )
})

test('keeps what Mastodon sends', () => {
  expect(
    sanitiseHtml(
      '<p><span class="h-card"><a href="https://b.example/@ana" class="u-url mention evil">@<span>ana</span></a></span> <a href="https://b.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a><br>ok</p><h1>Big</h1><img src="x">',
    ),
  ).toBe(
    '<p><span class="h-card"><a href="https://b.example/@ana" class="u-url mention" rel="nofollow noopener noreferrer" target="_blank">@<span>ana</span></a></span> <a href="https://b.example/tags/x" class="mention hashtag" rel="tag nofollow noopener noreferrer" target="_blank">#<span>x</span></a><br />ok</p><strong>Big</strong>',
  )
})

test('plain text has no markup and is cut at whole characters', () => {
  expect(plainText('<p>One &amp; <b>two</b></p><p>three&lt;</p>')).toBe('One & two three<')
  expect(plainText('<p>🌻🌻🌻🌻</p>', 3)).toBe('🌻🌻…')
})
