import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { MsError, type Split, splitByHash } from '@ms/core'

/** Who drew it: each is an npm package `@iconify-json/…`. */
export const styles = ['twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione', 'noto', 'fxemoji'] as const
export type Style = (typeof styles)[number]

/** What it is called, and words for it, in one language. */
export interface Words {
  readonly label: string
  readonly tags: readonly string[]
}

/** One thing, drawn by several hands. */
export interface Emoji {
  /** Code point, hexadecimal, without leading zeros: `1f600`. */
  readonly code: string
  readonly split: Split
  readonly en: Words
  readonly zh: Words
  /** SVG of each style that has it. */
  readonly drawings: ReadonlyMap<Style, string>
}

interface EmojibaseEntry {
  readonly hexcode: string
  readonly label: string
  readonly tags?: readonly string[]
  readonly group?: number
}

interface IconSet {
  readonly icons: Readonly<Record<string, Icon>>
  readonly width?: number
  readonly height?: number
}

interface Icon {
  readonly body: string
  readonly left?: number
  readonly top?: number
  readonly width?: number
  readonly height?: number
}

/** Emojibase's groups of what is no thing of its own: parts of people (skins, hair), and flags. */
const leftOut: readonly number[] = [2, 9]
const leastStyles = 4

const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
const codeOf = (hexcode: string) => Number.parseInt(hexcode, 16).toString(16)

async function readJson<T>(name: string, file: string): Promise<T> {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  return JSON.parse(await readFile(join(folder, file), 'utf8'))
}

/** An icon as a file of its own. */
function svgOf({ icons, width = 16, height = 16 }: IconSet, name: string): string {
  const icon = icons[name]
  const box = [icon.left ?? 0, icon.top ?? 0, icon.width ?? width, icon.height ?? height].join(' ')
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64" viewBox="${box}">${icon.body}</svg>`
}

/**
 * The emoji that at least four of the six styles have: single code points, no flags, keycaps or parts of people. Where a set tells the
 * code points of its icons, they decide; the others' names are compared, letter by letter, with what the sets before call them, then with
 * the labels of Unicode.
 */
export async function readEmoji(): Promise<Emoji[]> {
  const [english, chinese] = await Promise.all(
    ['en', 'zh'].map((language) => readJson<EmojibaseEntry[]>('emojibase-data', `${language}/data.json`)),
  )
  const single = english.filter(({ hexcode, group }) => group !== undefined && !leftOut.includes(group) && !hexcode.includes('-'))
  const known = new Map(single.map((entry) => [codeOf(entry.hexcode), entry]))
  const inChinese = new Map(chinese.map((entry) => [entry.hexcode, entry]))

  const drawings = new Map<string, Map<Style, string>>([...known.keys()].map((code) => [code, new Map()]))
  const byName = new Map<string, string>()
  const nameless: [Style, IconSet][] = []
  for (const style of styles) {
    const set = await readJson<IconSet>(`@iconify-json/${style}`, 'icons.json')
    const characters = await readJson<Record<string, string>>(`@iconify-json/${style}`, 'chars.json').catch(() => ({}))
    if (Object.keys(characters).length === 0) nameless.push([style, set])
    for (const [digits, name] of Object.entries(characters)) {
      const code = digits.includes('-') ? '' : codeOf(digits)
      const found = drawings.get(code)
      if (!found || found.has(style) || !Object.hasOwn(set.icons, name)) continue
      found.set(style, svgOf(set, name))
      if (!byName.has(letters(name))) byName.set(letters(name), code)
    }
  }
  for (const [code, { label }] of known) if (!byName.has(letters(label))) byName.set(letters(label), code)
  for (const [style, set] of nameless) {
    for (const name of Object.keys(set.icons)) {
      const found = drawings.get(byName.get(letters(name)) ?? '')
      if (found && !found.has(style)) found.set(style, svgOf(set, name))
    }
  }

  const kept = [...known].filter(([code]) => (drawings.get(code)?.size ?? 0) >= leastStyles)
  if (kept.length === 0)
    throw new MsError('data.empty', 'there is no emoji', { where: 'emojibase-data', advice: 'Run pnpm install again.' })
  const words = ({ label, tags = [] }: EmojibaseEntry): Words => ({ label, tags })
  return Promise.all(
    kept.map(async ([code, entry]) => ({
      code,
      split: await splitByHash('emoji-v1', code),
      en: words(entry),
      zh: words(inChinese.get(entry.hexcode) ?? entry),
      drawings: drawings.get(code) ?? new Map(),
    })),
  )
}
