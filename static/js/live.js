// Live pages. One event stream tells that something has changed; the parts of the page that follow it read what is
// so now from the server: hx-trigger="portal:changed from:body". A lost word costs nothing but a moment.
//
// At most one refresh a second; none in a hidden tab, which also lets go of its stream. Whoever looks again, or whose
// stream was cut, says when it last knew (`since`), and is told at once whether there is anything new. Without a
// stream the page looks by itself every ten seconds.
(() => {
  'use strict'
  const address = document.body.dataset.stream
  const follows = () => document.querySelector('[hx-trigger*="portal:changed"]') !== null
  if (!follows()) return

  const EVERY = 1000
  const BY_ITSELF = 10000
  const LONGEST = 60000
  let source = null
  let timer = null
  let retry = null
  let latest = Date.now()
  let patience = 2000
  let known = address ? new URL(address, window.location.href).searchParams.get('since') : null

  const say = (state) => document.querySelectorAll('[data-live]').forEach((mark) => { mark.dataset.live = state })
  const isOpen = () => source !== null && source.readyState === EventSource.OPEN

  const refresh = () => {
    timer = null
    if (document.hidden) return
    latest = Date.now()
    document.body.dispatchEvent(new CustomEvent('portal:changed'))
  }
  const soon = () => { if (!timer) timer = setTimeout(refresh, Math.max(0, EVERY - (Date.now() - latest))) }

  const leave = () => {
    clearTimeout(retry)
    if (source) source.close()
    source = null
  }
  const listen = () => {
    leave()
    if (!address || !('EventSource' in window)) return
    const place = new URL(address, window.location.href)
    if (known) place.searchParams.set('since', known)
    source = new EventSource(place, { withCredentials: true })
    source.onopen = () => { patience = 2000; say('on') }
    source.addEventListener('changed', (event) => { known = event.lastEventId || known; soon() })
    source.onerror = () => {
      say('off')
      // The browser comes back by itself from a cut line, but not from an answer that was no stream.
      if (source && source.readyState === EventSource.CLOSED) {
        retry = setTimeout(listen, patience)
        patience = Math.min(LONGEST, 2 * patience)
      }
    }
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { clearTimeout(timer); timer = null; leave(); return }
    listen()
    if (!address) soon()
  })
  window.addEventListener('pagehide', leave)
  window.addEventListener('pageshow', (event) => { if (event.persisted) { listen(); soon() } })
  // Work that the reader waits for shows how far it is, each second.
  setInterval(() => { if (!document.hidden && document.querySelector('[data-hurry]')) soon() }, EVERY)
  setInterval(() => { if (!document.hidden && !isOpen() && follows()) soon() }, BY_ITSELF)
  if (!document.hidden) listen()

  // Nothing is taken from under a hand: a part in which somebody types or has ticked something waits.
  const changed = (each) => each.type === 'checkbox' || each.type === 'radio'
    ? each.checked !== each.defaultChecked
    : each.matches('input, textarea') && each.value !== each.defaultValue
  const inHand = (part) => [...part.querySelectorAll('form[method="post"] :is(input, textarea, select)')]
    .some((each) => each === document.activeElement || changed(each))
  document.body.addEventListener('htmx:beforeRequest', (event) => {
    const part = event.detail.elt
    if (part.matches('[hx-trigger*="portal:changed"]') && inHand(part)) event.preventDefault()
  })

  // Whoever reads a part must not lose their place in it: what was unfolded, scrolled to and focused stays so.
  const marks = 'details, .table-scroll'
  const focusable = 'a[href], button, summary, input, select, textarea'
  let kept = null
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    const part = event.detail.target
    if (!part.id || !part.matches('[hx-trigger*="portal:changed"]')) return
    kept = {
      id: part.id,
      marks: [...part.querySelectorAll(marks)].map((each) => [each.open, each.scrollLeft, each.scrollTop]),
      focus: [...part.querySelectorAll(focusable)].indexOf(document.activeElement),
    }
  })
  document.body.addEventListener('htmx:afterSettle', () => {
    const part = kept && document.getElementById(kept.id)
    if (!part) return
    const found = [...part.querySelectorAll(marks)]
    if (found.length === kept.marks.length) {
      found.forEach((each, place) => {
        const [open, left, top] = kept.marks[place]
        if (open) each.open = true
        each.scrollLeft = left
        each.scrollTop = top
      })
    }
    if (kept.focus >= 0 && document.activeElement === document.body) {
      part.querySelectorAll(focusable)[kept.focus]?.focus({ preventScroll: true })
    }
    kept = null
  })
})()
