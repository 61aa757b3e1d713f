// What pages gain where scripts run; everything works without it.

/** How far a post is from its limit, as it is typed. Characters are code points, as the server counts them. */
for (const area of document.querySelectorAll('textarea[data-most]')) {
  const out = document.getElementById(area.dataset.count)
  const show = () => {
    const left = Number(area.dataset.most) - [...area.value].length
    out.textContent = left < 500 ? String(left) : ''
    out.classList.toggle('over', left < 0)
  }
  area.addEventListener('input', show)
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) area.form.requestSubmit()
  })
  show()
}

/** Dates in the reader's own words and zone. */
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' })
for (const time of document.querySelectorAll('time[datetime]')) {
  time.title = exact.format(new Date(time.dateTime))
}

/** A form is sent once, however often its button is pressed. */
document.addEventListener('submit', (event) => {
  const form = event.target
  if (form.dataset.sent === 'yes') return event.preventDefault()
  form.dataset.sent = 'yes'
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true')
})
window.addEventListener('pageshow', () => {
  for (const form of document.forms) {
    form.dataset.sent = ''
    for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled')
  }
})

/** Likes and boosts without leaving the page; if anything is odd, the form is sent the plain way. */
document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('form[data-toggle]')) return
  event.preventDefault()
  const button = form.querySelector('button')
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
      headers: { accept: 'application/json' },
      redirect: 'error',
    })
    if (!answer.ok) throw new Error(String(answer.status))
    const { on, count } = await answer.json()
    button.setAttribute('aria-pressed', String(on))
    button.querySelector('[data-number]').textContent = count > 0 ? String(count) : ''
    const [does, undoes] = form.dataset.toggle.split(' ')
    form.action = form.action.replace(/[a-z]+$/, on ? undoes : does)
    form.dataset.sent = ''
    button.removeAttribute('aria-disabled')
  } catch {
    form.submit()
  }
})

/** Links that are there to be copied. */
for (const box of document.querySelectorAll('.copy')) {
  const input = box.querySelector('input')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button quiet'
  button.textContent = 'Copy'
  button.addEventListener('click', async () => {
    input.select()
    await navigator.clipboard.writeText(input.value)
    button.textContent = 'Copied'
  })
  box.append(button)
}

/** A chosen picture is shown before it is sent. */
for (const input of document.querySelectorAll('input[type=file][data-preview]')) {
  input.addEventListener('change', () => {
    const [file] = input.files
    const holder = document.getElementById(input.dataset.preview)
    if (!file || !holder) return
    const image = new Image()
    image.className = 'avatar big'
    image.alt = 'The new picture'
    image.src = URL.createObjectURL(file)
    holder.replaceChildren(image)
  })
}

/** Open menus close by Escape and by a click elsewhere. */
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll('details.more[open]')) if (menu !== except) menu.open = false
}
document.addEventListener('click', (event) => closeMenus(event.target.closest('details.more')))
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  const menu = document.activeElement?.closest('details.more[open]')
  closeMenus()
  menu?.querySelector('summary').focus()
})
