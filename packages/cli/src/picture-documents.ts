import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type BrokenPicture, prepareReadable } from '@ms/backbones/node'
import { type Document, type ImageSource, isPictureName, jsonLines, MsError, picturePath } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import type { Encoder } from '@ms/core/tensor'
import { progressBar } from './progress-bar.js'
import type { Terminal } from './terminal.js'

/** Whether a path is that of a folder. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/**
 * The pictures of a folder as documents: the id is the path in it, the words are those of its folders and its name, and what
 * `metadata.jsonl` says of it (`text`, `label`) where there is one.
 * @throws `data.empty`, `data.malformed`
 */
export async function pictureDocuments(folder: string): Promise<Document[]> {
  const files = directoryFiles(folder)
  const names = await files.list()
  const told = new Map<string, string>()
  if (names.includes('metadata.jsonl')) {
    for (const { value } of jsonLines(await files.read('metadata.jsonl'), `${folder}/metadata.jsonl`)) {
      const name = value['file_name'] ?? value['image']
      const words = [value['title'], value['label'], value['text']].filter((each) => typeof each === 'string' || typeof each === 'number')
      if (typeof name === 'string') told.set(name.replace(/^\.\//, ''), words.join(' '))
    }
  }
  const pictures = names.filter((name) => isPictureName(name) && !name.split('/').some((part) => part.startsWith('.')))
  if (pictures.length === 0) throw new MsError('data.empty', 'there is no picture in this folder', { where: folder })
  return pictures.map((id) => ({ id, text: told.get(id) ?? wordsOf(id), image: resolve(folder, id) }))
}

/** `animals/red_cat-2.png` → `animals red cat 2` */
const wordsOf = (name: string) => name.replace(/\.[^.]+$/, '').replace(/[/_\-.]+/g, ' ')

/** Documents of a file, their pictures by whole paths: they are named relative to it. */
export const withPicturePaths = (documents: readonly Document[], file: string): Document[] =>
  documents.map((document) =>
    document.image === undefined ? document : { ...document, image: picturePath(resolve(dirname(file)), document.image, file) },
  )

export interface ReadableOptions {
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Stops at the first picture that cannot be read. */
  readonly strict: boolean
}

/** At most so many broken pictures are named. */
const mostNamed = 20

/** How many at once, and which ones when the command is over. */
function tellBroken(broken: readonly BrokenPicture[], total: number, terminal: Terminal): void {
  terminal.note(`${broken.length} of ${total} pictures cannot be read and are left out, named at the end (--strict stops there)`)
  for (const { error } of broken.slice(0, mostNamed)) terminal.noteAtEnd(`skipped ${error.format()}`)
  const others = new Map<string, number>()
  for (const { error } of broken.slice(mostNamed)) others.set(error.code, (others.get(error.code) ?? 0) + 1)
  if (others.size > 0) terminal.noteAtEnd(`skipped others: ${Array.from(others, ([code, count]) => `${count} ${code}`).join(', ')}`)
  terminal.noteAtEnd(`${broken.length} of ${total} pictures were left out`)
}

/** Leaves out what has a picture that cannot be read, and says at the end which ones those are. */
export async function readableOnly<T extends { readonly image?: string }>(
  items: readonly T[],
  { processor }: Pick<Encoder<ImageSource>, 'processor'>,
  { terminal, signal, strict }: ReadableOptions,
): Promise<T[]> {
  const pictures = items.flatMap(({ image }, i) => (image === undefined ? [] : [{ image, i }]))
  const progress = progressBar(terminal, 'read')
  try {
    const { broken } = await prepareReadable(
      processor,
      pictures.map(({ image }) => image),
      { strict, signal, onProgress: ({ done, total }) => progress.update(done, total) },
    )
    progress.end()
    if (broken.length > 0) tellBroken(broken, pictures.length, terminal)
    const out = new Set(broken.map(({ position }) => pictures[position].i))
    const kept = items.filter((_, i) => !out.has(i))
    if (kept.length === 0) throw new MsError('data.empty', 'not one picture can be read', { advice: 'See what is said of each of them.' })
    return kept
  } finally {
    progress.end()
  }
}
