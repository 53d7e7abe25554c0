import type { Document, Query, RetrievalData, Split } from '@ms/core'
import { contactSheet } from './contact-sheet.js'
import { drawEmoji, pictureName } from './draw-emoji.js'
import { type Emoji, readEmoji, type Style } from './emoji.js'
import { tagsOf } from './search-data.js'
import type { Task } from './task.js'

/** Styles whose drawings words find. */
const gallery: readonly Style[] = ['twemoji', 'fluent-emoji-flat']

/** What names search. */
export interface Searched {
  readonly name: string
  /** Emoji of these splits. */
  readonly splits: readonly Split[]
  readonly styles: readonly Style[]
  /** Whether their tags stand with the drawings. Default: true. */
  readonly tags?: boolean
}

/** All emoji, … */
export const everyEmoji: Searched = { name: 'emoji-words', splits: ['train', 'dev', 'test'], styles: gallery }
/** … those that nothing was trained on, by one hand, … */
export const heldOut: Searched = { name: 'emoji-words-held-out', splits: ['dev', 'test'], styles: ['twemoji'] }
/** … and the same where nothing but the picture can be found by. */
export const wordless: Searched = { ...heldOut, name: 'emoji-words-pictures-alone', tags: false }

/** Find drawings by what they are called, in English and Chinese. Their tags may stand with them, but never that name. */
export function wordSearch(emoji: readonly Emoji[], { name, splits, styles, tags = true }: Searched, location: string): RetrievalData {
  const corpus: Document[] = []
  const queries = new Map<string, Query>()
  const qrels = new Map<Split, Map<string, ReadonlyMap<string, number>>>(splits.map((split) => [split, new Map()]))
  for (const each of emoji.filter(({ split }) => splits.includes(split))) {
    const ids = styles
      .filter((style) => each.drawings.has(style))
      .map((style) => ({ id: `${style}/${each.code}`, image: pictureName(each, style) }))
    for (const { id, image } of ids) corpus.push({ id, image, ...(tags ? { text: tagsOf(each) } : {}) })
    for (const language of ['en', 'zh'] as const) {
      const id = `${language}/${each.code}`
      queries.set(id, { id, text: each[language].label })
      qrels.get(each.split)?.set(id, new Map(ids.map((one) => [one.id, 1])))
    }
  }
  return { kind: 'retrieval', name, location, corpus, queries, qrels }
}

/** Words find pictures: an encoder of texts and one of pictures are brought into one space. */
export async function wordsTask(): Promise<Task> {
  const emoji = await readEmoji()
  const folder = await drawEmoji(emoji)
  const data = wordSearch(emoji, everyEmoji, folder)
  const names = new Map(emoji.map(({ code, en }) => [code, en.label]))
  return {
    name: 'words',
    about: `The same drawings in two styles, and the tags beside them: find them by what they are called, in English and Chinese.`,
    data,
    modalities: ['text', 'image'],
    also: [heldOut, wordless].map((searched) => wordSearch(emoji, searched, folder)),
    labels: new Map(data.corpus.map(({ id }) => [id, names.get(id.slice(id.indexOf('/') + 1)) ?? id])),
    questions: [{ text: 'musical instrument' }, { text: 'something to eat that is sweet' }, { text: '红色的心', meaning: 'red heart' }],
    exhibit: contactSheet,
  }
}
