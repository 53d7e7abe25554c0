/** A part of a text: `text.slice(start, end)`. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface HighlightOptions {
  /** Put before a highlighted part. Default: `<mark>`. */
  open?: string
  /** Put behind it. Default: `</mark>`. */
  close?: string
  /** Makes a piece of text safe for where it goes. Default: `escapeHtml`. */
  escape?: (text: string) => string
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as HTML text: nothing in it can become markup. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character])

/**
 * Marks ranges of a text. Ranges are sorted, those that touch or overlap become one, and what lies outside the text is cut off.
 *
 * @example
 * ```ts
 * import { highlight } from '@ms/search'
 * highlight('a <b> c', [{ start: 2, end: 5 }]) // 'a <mark>&lt;b&gt;</mark> c'
 * ```
 */
export function highlight(
  text: string,
  ranges: readonly Range[],
  { open = '<mark>', close = '</mark>', escape: safe = escapeHtml }: HighlightOptions = {},
): string {
  let out = ''
  let at = 0
  for (const { start, end } of mergeRanges(ranges, text.length)) {
    out += safe(text.slice(at, start)) + open + safe(text.slice(start, end)) + close
    at = end
  }
  return out + safe(text.slice(at))
}

/** Sorted, without overlaps, within `0 … length`. */
export function mergeRanges(ranges: readonly Range[], length: number): Range[] {
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const [from, to] = [Math.max(0, start), Math.min(length, end)]
    if (from >= to) continue
    const last = merged.at(-1)
    if (last && from <= last.end) last.end = Math.max(last.end, to)
    else merged.push({ start: from, end: to })
  }
  return merged
}
