// HTML from elsewhere, reduced to what Mastodon's specification lets through and nothing that runs.
import sanitize from 'sanitize-html'

/** Longer than any honest post; what is beyond is cut before parsing, for a parser's time grows with its input. */
const LONGEST = 100_000

/** Microformats and the few marks that our style sheet knows; any other class could borrow the look of our own page. */
const CLASSES = [
  'h-*',
  'p-*',
  'u-*',
  'dt-*',
  'e-*',
  'mention',
  'hashtag',
  'ellipsis',
  'invisible',
  'quote-inline',
]

const OPTIONS: sanitize.IOptions = {
  allowedTags: [
    ...['p', 'br', 'span', 'a', 'del', 's', 'pre', 'blockquote', 'code', 'b', 'strong', 'u', 'i', 'em'],
    ...['ul', 'ol', 'li', 'ruby', 'rt', 'rp'],
  ],
  allowedAttributes: {
    a: ['href', 'rel', 'class', 'target', 'translate'],
    span: ['class', 'translate'],
    p: ['class'],
    ol: ['start', 'reversed'],
    li: ['value'],
  },
  allowedClasses: { a: CLASSES, span: CLASSES, p: CLASSES },
  allowedSchemes: ['http', 'https', 'mailto', 'xmpp', 'gemini', 'magnet'],
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  nestingLimit: 30,
  transformTags: {
    h1: 'strong',
    h2: 'strong',
    h3: 'strong',
    h4: 'strong',
    h5: 'strong',
    h6: 'strong',
    a: (tagName, attribs) => ({
      tagName,
      attribs: {
        ...attribs,
        // A page that is opened gets no handle on ours, and a link lends no rank.
        rel: attribs.rel?.split(/\s+/).includes('tag')
          ? 'tag nofollow noopener noreferrer'
          : 'nofollow noopener noreferrer',
        target: '_blank',
      },
    }),
  },
}

/** Safe to put into a page as it is: no script, handler, style, frame, form or unknown scheme is left. */
export function sanitiseHtml(html: string): string {
  return sanitize(html.slice(0, LONGEST), OPTIONS).trim()
}

/** The words alone, with block ends as line ends, for a title or a description; at most `most` characters. */
export function plainText(html: string, most = 200): string {
  const spaced = html.slice(0, LONGEST).replace(/<(?:br\s*\/?|\/p|\/li)>/gi, ' ')
  const text = sanitize(spaced, { allowedTags: [], allowedAttributes: {} })
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}
