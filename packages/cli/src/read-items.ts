import { open, stat } from 'node:fs/promises'
import { documentLines, documentText, MsError, textLines } from '@ms/core'

export interface Item {
  readonly id: string
  readonly text: string
}

/** Bytes that are read at a time. */
const blockBytes = 1 << 20

/**
 * What `ms encode` reads, in the memory of one block: `.jsonl` (`_id`, `text`; `title` is put before the text) or `.txt` (a line each,
 * blank ones too).
 * @throws `file.missing`, `data.format`, `data.empty`, `encoder.modality` for a document that has a picture only, and what reading documents throws
 */
export async function* readItems(path: string): AsyncGenerator<Item> {
  const json = await isJsonLines(path)
  const seen = new Map<string, number>()
  let count = 0
  for await (const { bytes, first } of lineBlocks(path)) {
    if (json) {
      for (const document of documentLines(bytes, path, { first, seen })) {
        count++
        const text = documentText(document)
        if (document.image !== undefined && text === '') {
          throw new MsError(
            'encoder.modality',
            `document ${document.id} has a picture and no text, and of this file only texts are taken`,
            {
              where: path,
              advice: 'Give --input the folder that the pictures are in, or make an index of both: ms index create.',
            },
          )
        }
        yield { id: document.id, text }
      }
    } else {
      for (const { value: text } of textLines(bytes, path, { blank: true, first })) yield { id: String(++count), text }
    }
  }
  if (count === 0) throw new MsError('data.empty', 'there is no text', { where: path, advice: 'Put one text on each line.' })
}

/** @throws `file.missing`, `data.format` */
async function isJsonLines(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new MsError('file.missing', 'there is no such file', { where: path, advice: 'Check the path given to --input.' })
  if (found.isDirectory() || !/\.(jsonl|txt)$/i.test(path)) {
    throw new MsError('data.format', found.isDirectory() ? 'this is a folder' : 'this kind of file is not known', {
      where: path,
      advice: 'Give a .jsonl with _id and text, or a .txt with a text a line.',
    })
  }
  return /\.jsonl$/i.test(path)
}

const newline = 10

/** A file in parts that end where a line ends. `first` is the number of a part's first line. */
export async function* lineBlocks(path: string): AsyncGenerator<{ bytes: Uint8Array; first: number }> {
  const file = await open(path)
  try {
    let first = 1
    let rest: Uint8Array = new Uint8Array()
    for (;;) {
      const block = new Uint8Array(rest.length + blockBytes)
      block.set(rest)
      const { bytesRead } = await file.read(block, rest.length, blockBytes, null)
      const bytes = block.subarray(0, rest.length + bytesRead)
      const end = bytesRead === 0 ? bytes.length : bytes.lastIndexOf(newline) + 1
      const lines = bytes.subarray(0, end)
      if (lines.length > 0) yield { bytes: lines, first }
      if (bytesRead === 0) return
      first += countLines(lines)
      rest = bytes.subarray(end)
    }
  } finally {
    await file.close()
  }
}

/** Lines that have an end. */
export function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}
