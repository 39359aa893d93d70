// The little that htmx does not do. Everything here is a convenience: the pages work without it.
(() => {
  'use strict'

  // On a narrow screen the menu scrolls sideways: begin where the reader is.
  const here = document.querySelector('.site-nav__link[aria-current]')
  const menu = here && here.closest('.site-nav')
  if (menu) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2

  // Menus made of <details> close on Escape and on a click elsewhere.
  document.addEventListener('click', (event) => {
    document.querySelectorAll('details[data-close-outside][open]').forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false
    })
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    document.querySelectorAll('details[data-close-outside][open]').forEach((menu) => {
      menu.open = false
      menu.querySelector('summary').focus()
    })
  })

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy], [data-print]')
    if (!button) return
    if ('print' in button.dataset) { window.print(); return }
    navigator.clipboard?.writeText(button.dataset.copy).then(() => {
      const words = button.querySelector('[data-copied]')
      if (words) words.textContent = words.dataset.copied
    })
  })

  // A checkbox in a table's head ticks the column, and what counts the ticks follows.
  document.addEventListener('change', (event) => {
    const box = event.target
    if (!(box instanceof HTMLInputElement) || box.type !== 'checkbox') return
    const table = box.closest('table')
    if (!table) return
    const boxes = [...table.querySelectorAll('tbody input[type=checkbox]:not(:disabled)')]
    if ('checkAll' in box.dataset) boxes.forEach((each) => { each.checked = box.checked })
    const ticked = boxes.filter((each) => each.checked).length
    const all = table.querySelector('input[data-check-all]')
    if (all) { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length }
    document.querySelectorAll('[data-ticked]').forEach((mark) => { mark.textContent = ticked.toLocaleString('en-GB') })
  })

  // All or none of a group of boxes.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-tick]')
    button?.closest('[data-ticks]').querySelectorAll('input[type=checkbox]').forEach((box) => { box.checked = button.dataset.tick === 'all' })
  })

  // Days are typed day first, whatever the browser's language; its calendar helps beside the field.
  const addCalendars = (root) => root.querySelectorAll?.('input[data-calendar]').forEach((field) => {
    if (field.nextElementSibling?.matches('.calendar') || !HTMLInputElement.prototype.showPicker) return
    const place = document.createElement('span')
    place.className = 'calendar'
    const picker = document.createElement('input')
    Object.assign(picker, { type: 'date', tabIndex: -1, className: 'calendar__picker' })
    picker.setAttribute('aria-hidden', 'true')
    const button = document.createElement('button')
    Object.assign(button, { type: 'button', className: 'button-plain', textContent: 'Calendar' })
    const name = field.labels?.[0]?.textContent.trim()
    const whose = document.createElement('span')
    Object.assign(whose, { className: 'govuk-visually-hidden', textContent: name ? `: ${name}` : '' })
    button.append(whose)
    button.addEventListener('click', () => {
      const typed = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})/.exec(field.value.trim())
      picker.value = typed ? `${typed[3]}-${typed[2].padStart(2, '0')}-${typed[1].padStart(2, '0')}` : ''
      picker.showPicker()
    })
    picker.addEventListener('change', () => {
      if (!picker.value) return
      const day = picker.value.split('-').reverse().join('/')
      const time = field.value.trim().replace(/^\S+\s*/, '') || '00:00'
      field.value = field.dataset.calendar === 'time' ? `${day} ${time}` : day
      field.dispatchEvent(new Event('input', { bubbles: true }))
      field.dispatchEvent(new Event('change', { bubbles: true }))
      field.focus()
    })
    place.append(button, picker)
    field.after(place)
  })
  addCalendars(document)
  document.body.addEventListener('htmx:load', (event) => addCalendars(event.detail.elt))

  // The days of a chart are one stop of the Tab key; arrow keys go from day to day.
  const addSteps = (root) => root.querySelectorAll?.('[data-steps]').forEach((chart) => {
    [...chart.querySelectorAll('a')].forEach((day, place) => day.setAttribute('tabindex', place ? -1 : 0))
  })
  addSteps(document)
  document.body.addEventListener('htmx:load', (event) => addSteps(event.detail.elt))
  document.addEventListener('keydown', (event) => {
    const day = event.target.closest?.('[data-steps] a')
    if (!day) return
    const days = [...day.closest('[data-steps]').querySelectorAll('a')]
    const to = { ArrowRight: days.indexOf(day) + 1, ArrowLeft: days.indexOf(day) - 1, Home: 0, End: days.length - 1 }[event.key]
    if (to === undefined || !days[to]) return
    event.preventDefault()
    days.forEach((each) => each.setAttribute('tabindex', each === days[to] ? 0 : -1))
    days[to].focus()
  })

  // On a telephone the filters are folded into one line, which says how many are set.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('.filter-bar__fold')
    if (button) button.setAttribute('aria-expanded', String(button.closest('form').classList.toggle('is-open')))
  })
  document.addEventListener('change', (event) => {
    const form = event.target.closest('.filter-bar')
    if (!form) return
    const count = [...form.elements].filter((each) => each.name && each.type !== 'hidden' && each.value && (each.type !== 'checkbox' || each.checked)).length
    form.querySelector('[data-filters-set]').textContent = count ? `${count} set` : ''
  })

  // A filter that is not set has no place in the address.
  document.body.addEventListener('htmx:configRequest', (event) => {
    const { elt, verb, formData } = event.detail
    if (verb !== 'get' || !elt.matches('form')) return
    new Set(formData.keys()).forEach((name) => { if (!formData.getAll(name).some(Boolean)) formData.delete(name) })
  })

  // What has changed in a part is read out as a summary, at most every ten seconds, and not as a whole.
  const QUIET = 10000
  const summaries = '.progress__words, .receipt__counts > p, .says, .notice, .tile:first-child, .badge, .key-facts__row'
  const announcer = document.getElementById('announcer')
  const summary = () => [...document.querySelectorAll('[data-announce]')]
    .flatMap((part) => [...part.querySelectorAll(summaries)].slice(0, 3))
    .map((each) => each.textContent.replace(/\s+/g, ' ').trim()).filter(Boolean).join('. ')
  let announced = announcer && summary()
  let announcedAt = -Infinity
  let announcing = null
  const announce = () => {
    announcing = null
    const words = summary()
    if (!words || words === announced) return
    announced = words
    announcedAt = Date.now()
    announcer.textContent = words
  }
  document.body.addEventListener('htmx:afterSettle', () => {
    if (announcer && !announcing) announcing = setTimeout(announce, Math.max(0, QUIET - (Date.now() - announcedAt)))
  })

  // An answer that htmx does not swap (500, no network) must not look like nothing happened.
  const sorry = (text) => {
    const place = document.getElementById('messages')
    if (!place) return
    const box = document.createElement('div')
    box.className = 'notice notice--bad notice--message'
    box.setAttribute('role', 'alert')
    box.textContent = text
    place.replaceChildren(box)
  }
  // A session that has ended must not take away what somebody types: they log in beside it, and go on here.
  const isTyped = (each) => each.type === 'checkbox' || each.type === 'radio' ? each.checked !== each.defaultChecked
    : each.type === 'file' ? each.files.length > 0
      : each.matches('select') ? [...each.options].some((one) => one.selected !== one.defaultSelected)
        : each.type !== 'hidden' && each.value !== each.defaultValue
  window.portal = { isTyped }
  document.body.addEventListener('htmx:beforeOnLoad', (event) => {
    const { xhr, requestConfig } = event.detail
    if (xhr.status !== 401 || requestConfig.verb !== 'get') return
    const fields = document.querySelectorAll('form[method="post"] :is(input, textarea, select)')
    if (![...fields].some(isTyped)) return
    event.preventDefault()
    if (document.querySelector('[data-session-ended]')) return
    sorry('Your session has ended. What you have typed stays here: ')
    const link = document.createElement('a')
    link.href = '/accounts/login/'
    link.target = '_blank'
    link.dataset.sessionEnded = ''
    link.textContent = 'log in again in a new tab'
    document.querySelector('#messages .notice').append(link, ', then go on.')
  })
  document.body.addEventListener('htmx:responseError', (event) => {
    const status = event.detail.xhr.status
    sorry(status === 403 ? 'You may not do this, or your session has ended. Reload the page to see.'
      : `That did not work (${status}). Please try again.`)
  })
  document.body.addEventListener('htmx:sendError', () => sorry('The portal cannot be reached. Check your connection and try again.'))
})()
