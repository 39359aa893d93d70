// Words for a ceremony with a passkey that failed or was given up; the ceremony itself is allauth's webauthn.js.
(() => {
  'use strict'
  const WORDS = {
    NotAllowedError: 'Nothing was chosen, or it took too long. Try again, or use another way.',
    InvalidStateError: 'This device or key is added already.',
    SecurityError: 'Passkeys do not work at this address. Use another way.',
    NotSupportedError: 'This device cannot be used for it. Use another way.'
  }
  document.addEventListener('allauth.error', (event) => {
    event.preventDefault()
    const place = document.querySelector('[data-passkey-error]')
    if (!place) return
    place.textContent = WORDS[event.detail.exception?.name] || 'That did not work. Try again, or use another way.'
    place.hidden = false
  })
})()
