import { readFileSync } from 'node:fs'

/** Shorter pieces are headings and labels. */
const SHORTEST = 20

/**
 * The sentences of documents, each once.
 * @param {string} file a JSON object with `text` a line
 */
export function readDocuments(file) {
  const sentences = new Set()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.trim() === '') continue
    for (const sentence of JSON.parse(line).text.split(/(?<=[.!?])\s+(?=\p{Lu})/u)) {
      const text = sentence.replace(/\s+/g, ' ').trim()
      if (text.length >= SHORTEST) sentences.add(text)
    }
  }
  return [...sentences]
}
