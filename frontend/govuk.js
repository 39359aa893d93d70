/*! govuk-frontend 6.6.0, MIT licence, Crown Copyright */
// The parts of govuk-frontend's JavaScript that the portal uses, in one classic script (no module graph to hash).
import {
  Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput, Radios, SkipLink, Tabs,
  createAll,
} from 'govuk-frontend'

const components = [
  [Button, { preventDoubleClick: true }],
  [CharacterCount],
  [Checkboxes],
  [ErrorSummary],
  [NotificationBanner],
  [PasswordInput],
  [Radios],
  [SkipLink],
  [Tabs],
]

function start (scope) {
  for (const [component, config] of components) createAll(component, config, { scope, onError: () => {} })
}

start(document)
// What htmx swaps in gets its behaviour too; what already has it is left alone by govuk-frontend.
document.addEventListener('htmx:load', (event) => start(event.detail.elt))
