import type { Document, Query, RetrievalData, Split } from '@ms/core'
import { pictureName } from './draw-emoji.js'
import type { Emoji, Style } from './emoji.js'

/** Which styles ask, and which ones are searched. */
export interface Sides {
  readonly name: string
  readonly queries: readonly Style[]
  readonly gallery: readonly Style[]
  /** Splits that are asked about. */
  readonly splits: readonly Split[]
}

/** Two styles find two others, which is what is trained … */
export const seenStyles: Sides = {
  name: 'emoji',
  queries: ['twemoji', 'openmoji'],
  gallery: ['fluent-emoji-flat', 'emojione'],
  splits: ['train', 'dev', 'test'],
}
/** … and a style that no training has seen finds three others, one of them not seen either. */
export const unseenStyle: Sides = {
  name: 'emoji-unseen-style',
  queries: ['noto'],
  gallery: ['fluent-emoji-flat', 'openmoji', 'fxemoji'],
  splits: ['test'],
}

/** The drawings of an emoji by some hands: an id, and where the picture lies. */
const drawingsOf = (emoji: Emoji, styles: readonly Style[]) =>
  styles.filter((style) => emoji.drawings.has(style)).map((style) => ({ id: `${style}/${emoji.code}`, image: pictureName(emoji, style) }))

/** What stands with a picture: its tags in both languages, but for those that are its name. */
export function tagsOf({ en, zh }: Emoji): string {
  const names = [en, zh].map(({ label }) => label.toLowerCase())
  return [...en.tags, ...zh.tags].filter((tag) => !names.includes(tag.toLowerCase())).join(' · ')
}

/**
 * Find drawings of a thing by other hands' drawings of it. All emoji that the searched styles have are searched, those too that were
 * trained on.
 * @param location of the pictures
 */
export function pictureSearch(emoji: readonly Emoji[], { name, queries: asking, gallery, splits }: Sides, location: string): RetrievalData {
  const corpus: Document[] = []
  const queries = new Map<string, Query>()
  const qrels = new Map<Split, Map<string, ReadonlyMap<string, number>>>(splits.map((split) => [split, new Map()]))
  for (const each of emoji) {
    const found = drawingsOf(each, gallery)
    for (const { id, image } of found) corpus.push({ id, title: `${each.en.label} · ${each.zh.label}`, text: tagsOf(each), image })
    const judged = qrels.get(each.split)
    if (!judged || found.length === 0) continue
    for (const query of drawingsOf(each, asking)) {
      queries.set(query.id, query)
      judged.set(query.id, new Map(found.map(({ id }) => [id, 1])))
    }
  }
  return { kind: 'retrieval', name, location, corpus, queries, qrels }
}
