// Tells the style sheet, before anything is drawn, that scripts run and that govuk-frontend's are supported.
document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('govuk-frontend-supported')
