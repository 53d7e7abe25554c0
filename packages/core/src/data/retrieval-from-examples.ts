import { MsError } from '../errors.js'
import type { Examples } from './examples.js'
import type { Document, Qrels, Query, RetrievalData, Split } from './retrieval.js'
import { splitByHash } from './split-by-hash.js'

export interface RetrievalFromExamplesOptions {
  name: string
  /** Part of the hash that splits the queries. Default: `name`. */
  salt?: string
}

/**
 * Pairs or triplets as a retrieval data set: anchors are the queries, all other columns the documents, and an anchor's
 * positives are right. Queries are split by hash, so that all rows of one anchor fall into one split.
 * @throws `data.columns` for labelled items and scored pairs
 */
export async function retrievalFromExamples(
  examples: Examples,
  { name, salt = name }: RetrievalFromExamplesOptions,
): Promise<RetrievalData> {
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
  const documentId = (text: string): string => {
    const known = documents.get(text)
    if (known) return known.id
    const id = `d${documents.size + 1}`
    documents.set(text, { id, text })
    return id
  }
  for (let i = 0; i < anchors.length; i++) {
    const anchor = anchors[i]
    const id = queryIds.get(anchor) ?? `q${queryIds.size + 1}`
    queryIds.set(anchor, id)
    queries.set(id, { id, text: anchor })
    const split = await splitByHash(salt, anchor)
    const judged = qrels.get(split) ?? new Map<string, Map<string, number>>()
    qrels.set(split, judged)
    const grades = judged.get(id) ?? new Map<string, number>()
    judged.set(id, grades)
    grades.set(documentId(positives[i]), 1)
    for (const column of examples.columns.slice(2)) documentId(column[i])
  }
  return { kind: 'retrieval', name, corpus: [...documents.values()], queries, qrels: qrels as ReadonlyMap<Split, Qrels> }
}
