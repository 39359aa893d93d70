// Live pages. One event stream tells that something has changed; the parts of the page that follow it read what is
// so now from the server: hx-trigger="portal:changed from:body". A lost word costs nothing but a moment.
//
// At most one refresh a second; none in a hidden tab, which also lets go of its stream. Whoever looks again, or whose
// stream was cut, says when it last knew (`since`), and is told at once whether there is anything new. Without a
// stream the page looks by itself every ten seconds.
//
// All windows of a browser share one stream, as a browser has six connections to a server: one of them leads and
// passes on what it hears. The lead is a lock, which goes to another window when the leader is closed, crashes or is
// hidden. Where a browser has no locks (a plain http:// address), each window has a stream of its own.
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
  let giveUpLead = null
  let queue = null
  let heardLeader = 0
  let state = 'off'

  const others = 'BroadcastChannel' in window && navigator.locks ? new BroadcastChannel('portal-stream') : null
  const mark = () => document.querySelectorAll('[data-live]').forEach((each) => { each.dataset.live = state })
  const say = (word) => {
    state = word
    mark()
    if (giveUpLead) tell()
  }
  const isOpen = () => source ? source.readyState === EventSource.OPEN : Date.now() - heardLeader < 2.5 * BY_ITSELF
  const tell = (hasChanged = false) => others?.postMessage({ known, hasChanged, isOpen: isOpen() })

  const refresh = () => {
    timer = null
    if (document.hidden) return
    latest = Date.now()
    document.body.dispatchEvent(new CustomEvent('portal:changed'))
  }
  const soon = () => { if (!timer) timer = setTimeout(refresh, Math.max(0, EVERY - (Date.now() - latest))) }

  const hangUp = () => {
    clearTimeout(retry)
    if (source) source.close()
    source = null
  }
  const leave = () => {
    hangUp()
    queue?.abort()
    giveUpLead?.()
    queue = giveUpLead = null
    heardLeader = 0
  }
  const listen = () => {
    leave()
    if (!address || !('EventSource' in window)) return
    if (!others) { connect(); return }
    others.postMessage({ asks: true })
    queue = new AbortController()
    navigator.locks.request('portal-stream', { signal: queue.signal }, () => new Promise((resolve) => {
      giveUpLead = resolve
      connect()
    })).catch(() => {})  // no longer wanted: the page was hidden
  }
  if (others) {
    others.onmessage = ({ data }) => {
      if (document.hidden) return
      if (data.asks) { if (giveUpLead) tell(); return }
      if (giveUpLead) return
      heardLeader = data.isOpen ? Date.now() : 0
      say(data.isOpen ? 'on' : 'off')
      if (data.hasChanged || Number(data.known) > Number(known)) soon()
      if (Number(data.known) > Number(known)) known = data.known
    }
  }
  const connect = () => {
    hangUp()
    const place = new URL(address, window.location.href)
    if (known) place.searchParams.set('since', known)
    source = new EventSource(place, { withCredentials: true })
    source.onopen = () => { patience = 2000; say('on') }
    source.addEventListener('changed', (event) => { known = event.lastEventId || known; tell(true); soon() })
    source.onerror = () => {
      say('off')
      // The browser comes back by itself from a cut line, but not from an answer that was no stream.
      if (source && source.readyState === EventSource.CLOSED) {
        retry = setTimeout(connect, patience)
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
  setInterval(() => {
    if (giveUpLead) tell()
    if (!document.hidden && !isOpen() && follows()) soon()
  }, BY_ITSELF)
  if (!document.hidden) listen()

  // Nothing is taken from under a hand: a part in which somebody types or has ticked something waits.
  const inHand = (part) => [...part.querySelectorAll('form[method="post"] :is(input, textarea, select)')]
    .some((each) => each === document.activeElement || window.portal.isTyped(each))
  document.body.addEventListener('htmx:beforeRequest', (event) => {
    const part = event.detail.elt
    if (part.matches('[hx-trigger*="portal:changed"]') && inHand(part)) event.preventDefault()
  })
  document.body.addEventListener('htmx:afterSettle', () => mark())  // what was renewed may hold the mark itself
})()
