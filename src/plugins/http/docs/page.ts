import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui'

/** The content security policy of the page: its own files and styles, and calls to this service (ASVS 5.0, 3.4.3). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** What a plugin of Swagger UI uses. */
type Element = object
type React = { createElement(type: unknown, props: object | null, ...children: unknown[]): Element }
type ResponseProps = {
  code: string
  response: { get(name: string): string }
  getComponent(name: string, isContainer: boolean): unknown
}

/**
 * Folds the failures of a call, so that a reader sees the success first. Swagger UI runs its source in the browser, so it may not use
 * anything else from this file.
 */
const foldFailures = () => ({
  wrapComponents: {
    response:
      (Original: unknown, { React: { createElement } }: { React: React }) =>
      (props: ResponseProps) => {
        const original = createElement(Original, props)
        if (props.code < '400') return original
        const title = createElement(props.getComponent('Markdown', true), { source: props.response.get('description') })
        const folded = createElement('table', null, createElement('tbody', null, original))
        const fold = createElement('details', null, createElement('summary', null, title), folded)
        const status = createElement('td', { className: 'response-col_status' }, props.code)
        return createElement('tr', { className: 'failure' }, status, createElement('td', { colSpan: 2 }, fold))
      }
  }
})

const STYLE = `
.swagger-ui .wrapper, .swagger-ui .scheme-container .schemes { padding: 0 16px }
.swagger-ui .info { margin: 32px 0 16px }
.swagger-ui .scheme-container { margin: 0 0 16px; padding: 16px 0 }
.swagger-ui .servers, .swagger-ui .servers-title, .swagger-ui .response-col_links, .swagger-ui .info .link,
.swagger-ui .failure tr > .response-col_status, .swagger-ui .failure .response-col_description__inner { display: none }
.swagger-ui .failure > td { padding: 8px 0 0; vertical-align: top }
.swagger-ui .failure summary { cursor: pointer; font-size: 14px }
.swagger-ui .failure summary :is(.renderedMarkdown, p) { display: inline }
@media (max-width: 640px) {
  .swagger-ui .info .title { font-size: 24px }
  .swagger-ui .info .title > span { display: none }
  .swagger-ui .opblock-summary-control { flex-wrap: nowrap }
  .swagger-ui .opblock .opblock-summary-method { min-width: 64px; font-size: 12px }
  .swagger-ui table tbody tr td.response-col_status { min-width: 3em }
  .swagger-ui .headers :is(th, td):nth-child(3) { display: none }
  .swagger-ui .opblock-body { overflow-wrap: anywhere }
}
`

/** Swagger UI's page is for wide screens, and has no option for its head. */
const FIT_SCREEN = `document.head.append(Object.assign(document.createElement('meta'),
  { name: 'viewport', content: 'width=device-width, initial-scale=1' }))`

export function pageOptions(title: string): FastifySwaggerUiOptions {
  return {
    routePrefix: '/docs',
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      plugins: [foldFailures]
    },
    theme: {
      title,
      css: [{ filename: 'page.css', content: STYLE }],
      js: [{ filename: 'fit-screen.js', content: FIT_SCREEN }]
    },
    staticCSP: POLICY
  }
}
