import { displayWidth } from './display-width.js'

export interface TableOptions {
  /** How each column is aligned. Default: the first left, the others right. */
  align?: readonly ('left' | 'right')[]
  /** Spaces before each line. Default: 0. */
  indent?: number
}

/** Rows as aligned columns, the first row the heading with a rule below. Colours in a cell do not disturb. */
export function formatTable(rows: readonly (readonly string[])[], { align, indent = 0 }: TableOptions = {}): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))))
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        const gap = ' '.repeat(width - displayWidth(cell))
        const left = (align?.[column] ?? (column === 0 ? 'left' : 'right')) === 'left'
        return left ? cell + gap : gap + cell
      })
      .join('  ')
      .trimEnd()
  const lead = ' '.repeat(indent)
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].map((text) => lead + text).join('\n')
}
