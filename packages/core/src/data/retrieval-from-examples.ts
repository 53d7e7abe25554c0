import { MsError } from '../errors.js'
import type { Examples } from './examples.js'
import type { Document, Qrels, Query, RetrievalData, Split } from './retrieval.js'
import { splitByHash } from './split-by-hash.js'

export interface RetrievalFromExamplesOptions {
  name: string
  /** Part of the hash that splits the queries: another one, another split. Default: the same for all data, so that a copy of other name is split alike. */
  salt?: string
}

/** Not the name of the data: a renamed copy would have other test queries, which a model may have been trained on. */
const usualSalt = 'data'

/**
 * Pairs or triplets as a retrieval data set: anchors are the queries, all other columns the documents, and an anchor's
 * positives are right. Of labelled items each is a query and a document of the same id, and the others of its class are right. Queries are
 * split by hash, so that all rows of one anchor fall into one split; of a picture it is its path below the data's folder that decides.
 * @throws `data.columns` for scored pairs
 */
export async function retrievalFromExamples(
  examples: Examples,
  { name, salt = usualSalt }: RetrievalFromExamplesOptions,
): Promise<RetrievalData> {
  if (examples.kind === 'labelled') return fromLabels(examples, name, salt)
  if (examples.kind !== 'pair' && examples.kind !== 'triplet') {
    throw new MsError('data.columns', `a ${examples.kind} data set cannot be searched`, {
      where: name,
      advice: 'Give pairs, or a BEIR directory with qrels.',
    })
  }
  const [anchors, positives] = examples.columns
  const documents = new Map<string, Document>()
  const queries = new Map<string, Query>()
  const queryIds = new Map<string, string>()
  const qrels = new Map<Split, Map<string, Map<string, number>>>()
  const content = (column: number, item: string) => (examples.modalities?.[column] === 'image' ? { image: item } : { text: item })
  const documentId = (column: number, item: string): string => {
    const known = documents.get(item)
    if (known) return known.id
    const id = `d${documents.size + 1}`
    documents.set(item, { id, ...content(column, item) })
    return id
  }
  for (let i = 0; i < anchors.length; i++) {
    const anchor = anchors[i]
    const id = queryIds.get(anchor) ?? `q${queryIds.size + 1}`
    queryIds.set(anchor, id)
    queries.set(id, { id, ...content(0, anchor) })
    const split = await splitByHash(salt, keyOf(examples, 0, anchor))
    const judged = qrels.get(split) ?? new Map<string, Map<string, number>>()
    qrels.set(split, judged)
    const grades = judged.get(id) ?? new Map<string, number>()
    judged.set(id, grades)
    grades.set(documentId(1, positives[i]), 1)
    for (const [c, column] of examples.columns.slice(2).entries()) documentId(c + 2, column[i])
  }
  return { kind: 'retrieval', name, corpus: [...documents.values()], queries, qrels: qrels as ReadonlyMap<Split, Qrels> }
}

async function fromLabels(examples: Examples, name: string, salt: string): Promise<RetrievalData> {
  const { columns, modalities, labels = [] } = examples
  const [items] = columns
  const documents: Document[] = items.map((item, i) => ({
    id: `i${i + 1}`,
    ...(modalities?.[0] === 'image' ? { image: item } : { text: item }),
  }))
  const classes = new Map<string, string[]>()
  for (const [i, { id }] of documents.entries()) classes.set(labels[i], (classes.get(labels[i]) ?? []).concat(id))
  const qrels = new Map<Split, Map<string, ReadonlyMap<string, number>>>()
  for (const [i, { id }] of documents.entries()) {
    const others = (classes.get(labels[i]) ?? []).filter((other) => other !== id)
    // What is alone in its class finds nothing; a split of such items only is no split.
    if (others.length === 0) continue
    const split = await splitByHash(salt, keyOf(examples, 0, items[i]))
    const judged = qrels.get(split) ?? new Map<string, ReadonlyMap<string, number>>()
    judged.set(id, new Map(others.map((other) => [other, 1])))
    qrels.set(split, judged)
  }
  return { kind: 'retrieval', name, corpus: documents, queries: new Map(documents.map((each) => [each.id, each])), qrels }
}

/** What stays the same when the data is moved to another folder. */
function keyOf({ modalities, location }: Examples, column: number, item: string): string {
  const folder = location === undefined ? undefined : `${location.replace(/[\\/]+$/, '')}/`
  return modalities?.[column] === 'image' && folder !== undefined && item.startsWith(folder) ? item.slice(folder.length) : item
}
