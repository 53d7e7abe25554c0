import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pictureOf, type RetrievalData } from '@ms/core'
import { replaceDirectory } from '@ms/core/node'

/**
 * Writes a data set as a BEIR folder with its pictures in it, so that `ms train`, `ms eval` and `ms compare` take it: `corpus.jsonl`,
 * `queries.jsonl`, `qrels/SPLIT.tsv`.
 */
export async function writeBeir(data: RetrievalData, folder: string): Promise<void> {
  const queries = [...data.queries.values()]
  const lines = (rows: readonly { readonly id: string }[]) =>
    rows.map(({ id, ...rest }) => `${JSON.stringify({ _id: id, ...rest })}\n`).join('')
  await replaceDirectory(folder, async (temporary) => {
    const images = new Set([...data.corpus, ...queries].flatMap(({ image }) => image ?? []))
    for (const inside of new Set(['qrels', ...[...images].map(dirname)])) await mkdir(join(temporary, inside), { recursive: true })
    for (const image of images) await copyFile(pictureOf(data, image), join(temporary, image))
    await writeFile(join(temporary, 'corpus.jsonl'), lines(data.corpus))
    await writeFile(join(temporary, 'queries.jsonl'), lines(queries))
    for (const [split, qrels] of data.qrels) {
      const rows = [...qrels].flatMap(([query, grades]) => [...grades].map(([document, grade]) => `${query}\t${document}\t${grade}\n`))
      await writeFile(join(temporary, 'qrels', `${split}.tsv`), `query-id\tcorpus-id\tscore\n${rows.join('')}`)
    }
  })
}
