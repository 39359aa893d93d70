// Whoever reads a part must not lose their place in it when it is renewed, whatever renewed it: what was unfolded,
// scrolled to, focused and typed stays so. A thing is known again by what it is and by the row it is in, never by its
// place: rows come and go.
(() => {
  'use strict'
  const marks = 'details, .table-scroll'
  const typable = 'input:not([type=hidden], [type=file], [type=password]), textarea, select'
  const focusable = 'a[href], button, summary, input, select, textarea'
  const rowOf = (each) => {
    const row = each.closest('tr, li, article')
    return row && (row.id || row.querySelector('a[href]')?.getAttribute('href'))
  }
  const nameOf = (each) => JSON.stringify([each.tagName, each.id, each.getAttribute('href'), each.name, rowOf(each),
    each.matches('a[href], input, select, textarea') ? '' : (each.querySelector('summary') ?? each).textContent.replace(/[\d,.\s]+/g, ' ').trim()])
  const named = (part, selector) => {
    const all = new Map()
    part.querySelectorAll(selector).forEach((each) => {
      const name = each.matches('.table-scroll') ? '.table-scroll' : nameOf(each)
      for (let number = 0; ; number += 1) {
        if (!all.has(name + number)) { all.set(name + number, each); return }
      }
    })
    return all
  }
  const inPost = (each) => each.form?.method === 'post'

  const places = new Map()
  const remember = (part) => places.set(part.id, {
    marks: [...named(part, marks)].map(([name, each]) => [name, each.open, each.scrollLeft, each.scrollTop]),
    typed: [...named(part, typable)].filter(([, each]) => inPost(each) && window.portal.isTyped(each))
      .map(([name, each]) => [name, each.value, each.checked]),
    focus: [...named(part, focusable)].find(([, each]) => each === document.activeElement)?.[0],
  })
  const restore = (part, place) => {
    const now = named(part, marks)
    place.marks.forEach(([name, open, left, top]) => {
      const each = now.get(name)
      if (!each) return
      if (open) each.open = true
      each.scrollLeft = left
      each.scrollTop = top
    })
    const fields = named(part, typable)
    place.typed.forEach(([name, value, checked]) => {
      const field = fields.get(name)
      if (!field) return
      if (field.type === 'checkbox' || field.type === 'radio') field.checked = checked
      else field.value = value
    })
    if (place.focus && document.activeElement === document.body) {
      const focused = named(part, focusable).get(place.focus) ?? part
      if (focused === part) part.tabIndex = -1  // the row is gone: stay where it was, on nothing that acts
      focused.focus({ preventScroll: true })
    }
  }
  // An answer to something sent is a new state: only what was read again keeps the place.
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    const { target, requestConfig } = event.detail
    if (target.id && requestConfig?.verb === 'get') remember(target)
  })
  document.body.addEventListener('htmx:oobBeforeSwap', (event) => {
    const { target } = event.detail
    if (target.id) remember(target)
  })
  document.body.addEventListener('htmx:afterSettle', () => {
    places.forEach((place, id) => {
      const part = document.getElementById(id)
      if (part) restore(part, place)
    })
    places.clear()
  })
})()
