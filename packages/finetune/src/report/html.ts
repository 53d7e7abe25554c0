/** Text that is markup already. Everything else that is put into a page is escaped. */
export interface Markup {
  readonly markup: string
}

export type Content = Markup | string | number | readonly Content[] | undefined

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** What a value looks like in a page: lists one after the other, nothing for undefined. */
function render(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string' || typeof content === 'number')
    return String(content).replace(/[&<>"']/g, (character) => entities[character])
  return 'markup' in content ? content.markup : content.map(render).join('')
}

/** A template for markup in which every value is escaped. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { markup: strings.reduce((text, string, i) => text + render(values[i - 1]) + string) }
}
