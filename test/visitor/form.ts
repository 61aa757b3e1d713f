// Forms, filled in and sent as a browser without JavaScript does it.
import type { HTMLElement } from 'node-html-parser'

export type Fields = Readonly<Record<string, string | Blob>>

/** What a browser sends for a form. */
export type Sending = { readonly path: string; readonly type: string; readonly body: Buffer }

/** The fields that a browser would send unasked: hidden ones, the chosen and the prefilled. */
function prefilled(form: HTMLElement): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const field of form.querySelectorAll('input, textarea, select')) {
    const name = field.getAttribute('name')
    const type = field.getAttribute('type') ?? 'text'
    if (!name || ['submit', 'file', 'button'].includes(type)) continue
    if (['checkbox', 'radio'].includes(type) && !field.hasAttribute('checked')) continue
    if (field.tagName === 'SELECT') {
      const options = field.querySelectorAll('option')
      const chosen = options.find((option) => option.hasAttribute('selected')) ?? options[0]
      fields[name] = chosen?.getAttribute('value') ?? chosen?.text ?? ''
    } else {
      fields[name] = field.tagName === 'TEXTAREA' ? field.text : (field.getAttribute('value') ?? '')
    }
  }
  return fields
}

/**
 * The page's first form whose action ends with `wanted`, with its own fields and those given. Throws where there is
 * none, with what the page says.
 */
export async function fillForm(
  page: { readonly path: string; readonly status: number; readonly html: HTMLElement },
  wanted: string,
  fields: Fields,
): Promise<Sending> {
  const form = page.html
    .querySelectorAll('form')
    .find((one) => (one.getAttribute('action') ?? page.path).split('?')[0]?.endsWith(wanted))
  if (!form)
    throw new Error(
      `${page.path} (${page.status}) has no form for ${wanted}:\n${page.html.text.slice(0, 800)}`,
    )
  const action = new URL(form.getAttribute('action') ?? page.path, `https://site.invalid${page.path}`)
  const isMultipart = form.getAttribute('enctype')?.startsWith('multipart/') ?? false
  const sent = isMultipart ? new FormData() : new URLSearchParams()
  for (const [name, value] of Object.entries({ ...prefilled(form), ...fields })) {
    if (typeof value === 'string') sent.append(name, value)
    else if (sent instanceof FormData) sent.append(name, value, 'picture')
    else throw new Error(`the form for ${wanted} takes no files`)
  }
  return { path: `${action.pathname}${action.search}`, ...(await encode(sent)) }
}

/** A body and its type. */
export async function encode(sent: FormData | URLSearchParams): Promise<Omit<Sending, 'path'>> {
  const encoded = new Response(sent)
  const type = encoded.headers.get('content-type') ?? ''
  return { type, body: Buffer.from(await encoded.arrayBuffer()) }
}
