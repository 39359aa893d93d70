// Search from any page: "/" or Ctrl-K opens it, arrows walk its results, Escape closes it. Without scripts its link leads to a page.
(() => {
  'use strict'
  const dialog = document.getElementById('search-dialog')
  if (!dialog || !dialog.showModal) return
  const field = dialog.querySelector('input')
  const open = () => {
    if (!dialog.open) dialog.showModal()
    field.focus()
    field.select()
  }
  const isTyping = (target) => target.closest('input, textarea, select, [contenteditable]')

  document.addEventListener('click', (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey
    if (plain && event.target.closest('[data-search]')) { event.preventDefault(); open() }
    if (event.target === dialog || event.target.closest('[data-search-close]')) dialog.close()
  })
  document.addEventListener('keydown', (event) => {
    const isK = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k'
    const isSlash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)
    if (isK || isSlash) { event.preventDefault(); open() }
  })
  dialog.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    const stops = [field, ...dialog.querySelectorAll('#search-found a')]
    const next = stops[stops.indexOf(document.activeElement) + step]
    if (next) { event.preventDefault(); next.focus() }
  })
})()
