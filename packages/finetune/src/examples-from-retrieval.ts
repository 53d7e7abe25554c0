import { documentText, type Examples, type Modality, MsError, pictureOf, type RetrievalData, type Split } from '@ms/core'

/**
 * Training pairs from judgements: a query with each document that is right for it. A query or document that has not what is asked for
 * (texts, unless `modalities` says pictures) is left out.
 * @param modalities what is taken of queries and of documents
 * @param options.words where documents are taken as pictures, also the words that stand with them, as a third column
 * @throws `data.split` when there is no such split, `train.no-examples` when nothing is left
 */
export function examplesFromRetrieval(
  data: RetrievalData,
  split: Split = 'train',
  modalities: readonly [Modality, Modality] = ['text', 'text'],
  { words = false }: { readonly words?: boolean } = {},
): Examples {
  const qrels = data.qrels.get(split)
  if (!qrels) {
    throw new MsError('data.split', `there is no ${split} split to train on`, {
      where: data.name,
      advice: `Put judgements into qrels/${split}.tsv; there are: ${[...data.qrels.keys()].join(', ')}.`,
    })
  }
  const picture = ({ image }: { readonly image?: string }) => (image === undefined ? undefined : pictureOf(data, image))
  const [ofQueries, ofDocuments] = modalities
  const contents = new Map(
    data.corpus.map((document) => [document.id, ofDocuments === 'image' ? picture(document) : documentText(document)]),
  )
  const texts = new Map(words && ofDocuments === 'image' ? data.corpus.map((document) => [document.id, documentText(document).trim()]) : [])
  const columns: [string[], string[], string[]] = [[], [], []]
  for (const [query, grades] of qrels) {
    const asked = data.queries.get(query)
    const anchor = ofQueries === 'image' ? asked && picture(asked) : asked?.text
    for (const [document, grade] of grades) {
      const positive = contents.get(document)
      if (grade <= 0 || !anchor?.trim() || !positive?.trim()) continue
      columns[0].push(anchor)
      columns[1].push(positive)
      columns[2].push(texts.get(document) ?? '')
    }
  }
  if (columns[0].length === 0)
    throw new MsError(
      'train.no-examples',
      `the ${split} split has no pair of ${modalities.includes('image') ? 'items of these kinds' : 'texts'}`,
      { where: data.name },
    )
  const [anchors, positives, further] = columns
  if (further.some((text) => text !== '')) return { kind: 'pair', columns, modalities: [...modalities, 'text'] }
  return { kind: 'pair', columns: [anchors, positives], ...(modalities.includes('image') ? { modalities } : {}) }
}
