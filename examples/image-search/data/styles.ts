import { pictureOf } from '@ms/core'
import { contactSheet } from './contact-sheet.js'
import { drawEmoji } from './draw-emoji.js'
import { readEmoji } from './emoji.js'
import { pictureSearch, seenStyles, unseenStyle } from './search-data.js'
import type { Question, Task } from './task.js'

/** Held-out things that are asked for in step 3, each as one of the asking styles draws it. */
const shown = ['twemoji/1f40c', 'openmoji/1f3b8', 'noto/1f69c']

/** Find a thing by another hand's drawing of it. What is asked for, and one of the styles, was never trained on. */
export async function stylesTask(): Promise<Task> {
  const emoji = await readEmoji()
  const folder = await drawEmoji(emoji)
  const data = pictureSearch(emoji, seenStyles, folder)
  const also = [pictureSearch(emoji, unseenStyle, folder)]
  const names = new Map(emoji.map(({ code, en }) => [code, en.label]))
  const labelOf = (id: string) => names.get(id.slice(id.indexOf('/') + 1)) ?? id
  const everything = [data, ...also]
  const question = (id: string): Question => {
    const image = everything.map(({ queries }) => queries.get(id)?.image).find((path) => path !== undefined) ?? `${id}.png`
    return { text: `${labelOf(id)}, drawn by ${id.slice(0, id.indexOf('/'))}`, image: pictureOf(data, image) }
  }
  return {
    name: 'styles',
    about: `${data.corpus.length.toLocaleString('en')} drawings of ${emoji.length.toLocaleString('en')} emoji: find a thing by another hand's drawing of it.`,
    data,
    modalities: ['image', 'image'],
    also,
    labels: new Map(everything.flatMap(({ corpus }) => corpus.map(({ id }) => [id, labelOf(id)] as const))),
    questions: shown.map(question),
    exhibit: contactSheet,
  }
}
