import { fit, type Terminal } from '@ms/cli'
import type { Embedder } from '@ms/core'
import { embedCorpus } from '@ms/finetune'
import { bm25Index, exactVectorIndex } from '@ms/index'
import { createSearch, type Search } from '@ms/search'
import type { Question, Task } from './data.js'

/** Finds documents that share words with the question. */
export async function keywordSearch({ data }: Task): Promise<Search> {
  const lexical = bm25Index()
  await lexical.upsert(data.corpus.map(({ id, title, text = '' }) => ({ id, title, text })))
  return createSearch({ documents: new Map(data.corpus.map((document) => [document.id, document])), lexical })
}

/** Finds documents whose vectors are near the question's. */
export async function vectorSearch({ data }: Task, embedder: Embedder): Promise<Search> {
  const { ids, vectors } = await embedCorpus(embedder, data)
  const index = exactVectorIndex({ dim: embedder.dim, space: embedder.space })
  await index.upsert(ids, vectors)
  const documents = new Map(data.corpus.map((document) => [document.id, document]))
  return createSearch({ documents, dense: { embedder, index, space: embedder.space } })
}

/** Asks each search the same questions, and prints what they find side by side. */
export async function ask(task: Task, searches: Readonly<Record<string, Search>>, questions: readonly Question[], terminal: Terminal) {
  const names = Object.keys(searches)
  const width = Math.floor((terminal.width - 4) / names.length) - 2
  const line = (cells: readonly string[]) => `    ${cells.map((cell) => fit(cell, width)).join('  ')}`.trimEnd()
  for (const { text, meaning } of questions) {
    const found = await Promise.all(
      names.map(async (name) => {
        const { results } = await searches[name].search(text, { k: 20 })
        return [...new Set(results.map(({ id }) => task.labels.get(id) ?? id))].slice(0, 5)
      }),
    )
    terminal.print(`\n  ${terminal.colors.bold(text)}${meaning ? ` (${meaning})` : ''}\n${terminal.colors.dim(line(names))}`)
    for (let rank = 0; rank < Math.max(1, ...found.map((labels) => labels.length)); rank++) {
      terminal.print(line(found.map((labels) => labels[rank] ?? (rank === 0 ? '(nothing)' : ''))))
    }
  }
}
