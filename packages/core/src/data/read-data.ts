import { MsError } from '../errors.js'
import type { ModelFiles } from '../model-files.js'
import type { Examples } from './examples.js'
import { readExamples } from './read-examples.js'
import { isPictureFolder, readPictureFolder, readPictureMetadata } from './read-pictures.js'
import { readRetrievalData } from './read-retrieval.js'
import type { RetrievalData } from './retrieval.js'

export type Data = RetrievalData | (Examples & { readonly name: string })
export type DataFormat = 'beir' | 'examples'

/**
 * Reads a data set whose format is told by its files: `corpus.jsonl` beside `queries.jsonl` is BEIR; `metadata.jsonl` names pictures with
 * labels or texts; one `.jsonl`, `.csv` or `.tsv` holds examples; pictures in folders are labelled by their folders.
 *
 * @param files where the data lies
 * @param name one file of it; undefined: the whole folder
 * @throws `data.format` when it is neither, and what the readers throw
 */
export async function readData(files: ModelFiles, name?: string, format?: DataFormat): Promise<Data> {
  if (name !== undefined) return readFile(files, name)
  const present = await files.list()
  if (format !== 'examples' && (format === 'beir' || present.includes('corpus.jsonl'))) return readRetrievalData(files)
  const own = () => ({ name: nameOf(files.location) })
  if (present.includes('metadata.jsonl')) return { ...readPictureMetadata(files, await files.read('metadata.jsonl')), ...own() }
  const tables = present.filter((candidate) => /^[^/]+\.(jsonl|csv|tsv)$/i.test(candidate))
  if (tables.length === 1) return readFile(files, tables[0])
  if (tables.length === 0 && isPictureFolder(present)) return { ...readPictureFolder(files, present), ...own() }
  throw new MsError('data.format', tables.length > 1 ? `${tables.length} tables: which one?` : 'this is not a data set', {
    where: files.location,
    advice:
      'Give a BEIR folder (corpus.jsonl, queries.jsonl, qrels/test.tsv), one .jsonl, .csv or .tsv of examples, or a folder of pictures for each class.',
  })
}

const nameOf = (location: string) =>
  location
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .pop() ?? 'data'

async function readFile(files: ModelFiles, name: string): Promise<Data> {
  if (!/\.(jsonl|csv|tsv)$/i.test(name)) {
    throw new MsError('data.format', 'this kind of file is not known', {
      where: `${files.location}/${name}`,
      advice: 'Use .jsonl, .csv or .tsv.',
    })
  }
  return { ...readExamples(await files.read(name), `${files.location}/${name}`), name: name.replace(/\.[^.]+$/, '') }
}
