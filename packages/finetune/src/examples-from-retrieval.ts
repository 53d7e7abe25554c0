import { documentText, type Examples, MsError, type RetrievalData, type Split } from '@ms/core'

/**
 * Training pairs from judgements: a query with each document that is right for it. A query or document without text is left out.
 * @throws `data.split` when there is no such split, `train.no-examples` when nothing is left
 */
export function examplesFromRetrieval(data: RetrievalData, split: Split = 'train'): Examples {
  const qrels = data.qrels.get(split)
  if (!qrels) {
    throw new MsError('data.split', `there is no ${split} split to train on`, {
      where: data.name,
      advice: `Put judgements into qrels/${split}.tsv; there are: ${[...data.qrels.keys()].join(', ')}.`,
    })
  }
  const texts = new Map(data.corpus.map((document) => [document.id, documentText(document)]))
  const columns: [string[], string[]] = [[], []]
  for (const [query, grades] of qrels) {
    const anchor = data.queries.get(query)?.text
    for (const [document, grade] of grades) {
      const positive = texts.get(document)
      if (grade <= 0 || !anchor?.trim() || !positive?.trim()) continue
      columns[0].push(anchor)
      columns[1].push(positive)
    }
  }
  if (columns[0].length === 0) throw new MsError('train.no-examples', `the ${split} split has no pair of texts`, { where: data.name })
  return { kind: 'pair', columns }
}
