import { readFile, stat } from 'node:fs/promises'
import { documentText, MsError, readDocuments, textLines } from '@ms/core'

export interface Items {
  readonly ids: readonly string[]
  readonly texts: readonly string[]
}

/**
 * What `ms encode` reads: `.jsonl` (`_id`, `text`; `title` is put before the text) or `.txt` (a line each, blank ones too).
 * @throws `file.missing`, `data.format`, `data.empty`, and what reading documents throws
 */
export async function readItems(path: string): Promise<Items> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new MsError('file.missing', 'there is no such file', { where: path, advice: 'Check the path given to --input.' })
  if (found.isDirectory() || !/\.(jsonl|txt)$/i.test(path)) {
    throw new MsError('data.format', found.isDirectory() ? 'this is a folder' : 'this kind of file is not known', {
      where: path,
      advice: 'Give a .jsonl with _id and text, or a .txt with a text a line.',
    })
  }
  const bytes = await readFile(path)
  if (/\.jsonl$/i.test(path)) {
    const documents = readDocuments(bytes, path)
    return { ids: documents.map((document) => document.id), texts: documents.map(documentText) }
  }
  const texts = Array.from(textLines(bytes, path, { blank: true }), (line) => line.value)
  if (texts.length === 0) throw new MsError('data.empty', 'there is no text', { where: path, advice: 'Put one text on each line.' })
  return { ids: texts.map((_, i) => String(i + 1)), texts }
}
