import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { type Data, type DataFormat, MsError, type Qrels, type RetrievalData, readData, retrievalFromExamples, type Split } from '@ms/core'
import { directoryFiles } from '@ms/core/node'

/** Reads what `--data` names: a folder or a file. @throws `file.missing`, and what `readData` throws */
export async function openData(path: string, format?: DataFormat): Promise<Data> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new MsError('file.missing', 'there is no such file or folder', { where: path, advice: 'Check its path.' })
  return found.isDirectory()
    ? readData(directoryFiles(path), undefined, format)
    : readData(directoryFiles(dirname(path)), basename(path), format)
}

/** The same as something that can be searched: pairs are split by hash into train, dev and test. */
export async function openRetrievalData(path: string, format?: DataFormat): Promise<RetrievalData> {
  const data = await openData(path, format)
  return data.kind === 'retrieval' ? data : retrievalFromExamples(data, { name: data.name })
}

/** The judgements of one split. @throws `data.split` naming the splits that are there */
export function judgements(data: RetrievalData, split: Split): Qrels {
  const qrels = data.qrels.get(split)
  if (qrels) return qrels
  throw new MsError('data.split', `there is no ${split} split`, {
    where: data.name,
    advice:
      data.qrels.size > 0
        ? `There are: ${[...data.qrels.keys()].join(', ')}.`
        : 'No query has a document that is right for it: give pairs, or classes of at least two items.',
  })
}
