import { fit, type Terminal } from '@ms/cli'
import type { ModelEmbedders } from '@ms/embed'
import { embedPicturesAndWords, withWords } from '@ms/finetune'
import { bm25Index, exactVectorIndex } from '@ms/index'
import { createSearch } from '@ms/search'
import type { Question, Task } from './data.js'

/** Answers a question: ids of documents, best first. */
export type Ask = (question: Question, k?: number) => Promise<readonly string[]>

/** Finds documents that share words with the question. A picture has none. */
export async function keywordSearch({ data }: Task): Promise<Ask> {
  const lexical = bm25Index()
  await lexical.upsert(data.corpus.map(({ id, title, text = '' }) => ({ id, text, ...(title ? { title } : {}) })))
  const search = createSearch({ documents: new Map(data.corpus.map((document) => [document.id, document])), lexical })
  return async ({ text, image }, k = 10) => (image === undefined ? (await search.search(text, { k })).results.map(({ id }) => id) : [])
}

/**
 * Finds documents whose vectors are near the question's.
 * @param words share of the words that stand with a picture in its document's vector
 */
export async function vectorSearch({ data }: Task, embedders: ModelEmbedders, words = 0): Promise<Ask> {
  const { text: texts, image: pictures, dim, space } = embedders
  const { ids, vectors } = withWords(await embedPicturesAndWords(embedders, data), words)
  const index = exactVectorIndex({ dim, space })
  await index.upsert(ids, vectors)
  const documents = new Map(data.corpus.map((document) => [document.id, document]))
  return async ({ text, image }, k = 10) => {
    const embedder = image === undefined ? texts : pictures
    if (!embedder) return []
    const search = createSearch({ documents, dense: { embedder, index, space } })
    return (await search.search(image ?? text, { k })).results.map(({ id }) => id)
  }
}

/** Asks each search the same questions, and prints what they find side by side. Who has no answer to any of them is left out. */
export async function ask(task: Task, searches: Readonly<Record<string, Ask>>, questions: readonly Question[], terminal: Terminal) {
  const all = await Promise.all(
    Object.entries(searches).map(async ([name, search]) => ({
      name,
      found: await Promise.all(
        questions.map(async (question) => [...new Set((await search(question, 20)).map((id) => task.labels.get(id) ?? id))].slice(0, 5)),
      ),
    })),
  )
  const shown = all.filter(({ found }) => found.some((labels) => labels.length > 0))
  const width = Math.floor((terminal.width - 4) / Math.max(1, shown.length)) - 2
  const line = (cells: readonly string[]) => `    ${cells.map((cell) => fit(cell, width)).join('  ')}`.trimEnd()
  for (const [q, { text, meaning }] of questions.entries()) {
    terminal.print(
      `\n  ${terminal.colors.bold(text)}${meaning ? ` (${meaning})` : ''}\n${terminal.colors.dim(line(shown.map(({ name }) => name)))}`,
    )
    for (let rank = 0; rank < Math.max(1, ...shown.map(({ found }) => found[q].length)); rank++) {
      terminal.print(line(shown.map(({ found }) => found[q][rank] ?? (rank === 0 ? '(nothing)' : ''))))
    }
  }
}
