import type { Document, Query, RetrievalData, Split } from '@ms/core'
import { contactSheet } from './contact-sheet.js'
import { drawEmoji, pictureName } from './draw-emoji.js'
import { type Emoji, readEmoji, type Style } from './emoji.js'
import { tagsOf } from './search-data.js'
import type { Task } from './task.js'

/** Styles whose drawings words find. */
const gallery: readonly Style[] = ['twemoji', 'fluent-emoji-flat']

/** Find drawings by what they are called, in English and Chinese, where tags stand with them but not that name. */
function wordSearch(
  emoji: readonly Emoji[],
  { name, searched, styles }: { readonly name: string; readonly searched: readonly Split[]; readonly styles: readonly Style[] },
  location: string,
): RetrievalData {
  const corpus: Document[] = []
  const queries = new Map<string, Query>()
  const qrels = new Map<Split, Map<string, ReadonlyMap<string, number>>>(searched.map((split) => [split, new Map()]))
  for (const each of emoji.filter(({ split }) => searched.includes(split))) {
    const ids = styles
      .filter((style) => each.drawings.has(style))
      .map((style) => ({ id: `${style}/${each.code}`, image: pictureName(each, style) }))
    for (const { id, image } of ids) corpus.push({ id, text: tagsOf(each), image })
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
  const data = wordSearch(emoji, { name: 'emoji-words', searched: ['train', 'dev', 'test'], styles: gallery }, folder)
  const heldOut = wordSearch(emoji, { name: 'emoji-words-held-out', searched: ['test'], styles: ['twemoji'] }, folder)
  const names = new Map(emoji.map(({ code, en }) => [code, en.label]))
  return {
    name: 'words',
    about: `The same drawings in two styles: find them by what they are called, in English and Chinese.`,
    data,
    modalities: ['text', 'image'],
    dev: wordSearch(emoji, { name: 'emoji-words-dev', searched: ['dev'], styles: gallery }, folder),
    also: [heldOut],
    labels: new Map(data.corpus.map(({ id }) => [id, names.get(id.slice(id.indexOf('/') + 1)) ?? id])),
    questions: [{ text: 'musical instrument' }, { text: 'something to eat that is sweet' }, { text: '红色的心', meaning: 'red heart' }],
    exhibit: contactSheet,
  }
}
