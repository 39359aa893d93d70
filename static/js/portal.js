// The little that htmx does not do. Everything here is a convenience: the pages work without it.
(() => {
  'use strict'

  // Live pages: one event stream; whatever it brings rings `portal:changed` on the body, at most once a second, and
  // never in a hidden tab. Parts listen with hx-trigger="portal:changed from:body". The stream only says that
  // something happened; what happened is read from the server, so a lost ring costs nothing but a moment.
  const url = document.body.dataset.stream
  if (url && 'EventSource' in window) {
    let source = null
    let timer = null
    let latest = 0
    let pending = false
    const say = (state) => document.querySelectorAll('[data-live]').forEach((mark) => { mark.dataset.live = state })
    const ring = () => {
      timer = null
      if (document.hidden) { pending = true; return }
      pending = false
      latest = Date.now()
      document.body.dispatchEvent(new CustomEvent('portal:changed'))
    }
    const soon = () => { if (!timer) timer = setTimeout(ring, Math.max(0, 1000 - (Date.now() - latest))) }
    const listen = () => {
      source = new EventSource(url, { withCredentials: true })
      source.onopen = () => say('on')
      source.onerror = () => say('off')
      source.onmessage = soon
      for (const kind of ['entries', 'entry', 'changed']) source.addEventListener(kind, soon)
    }
    document.addEventListener('visibilitychange', () => { if (!document.hidden && pending) soon() })
    window.addEventListener('pagehide', () => { if (source) source.close() })
    window.addEventListener('pageshow', (event) => { if (event.persisted) { listen(); soon() } })
    listen()
  }

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
  document.body.addEventListener('htmx:responseError', (event) => {
    const status = event.detail.xhr.status
    sorry(status === 403 ? 'You may not do this, or your session has ended. Reload the page to see.'
      : `That did not work (${status}). Please try again.`)
  })
  document.body.addEventListener('htmx:sendError', () => sorry('The portal cannot be reached. Check your connection and try again.'))
})()
