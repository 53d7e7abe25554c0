const [asked, sought] = [
  ['twemoji', 'openmoji'],
  ['fluent-emoji-flat', 'emojione'],
]

/** The dev emoji, searched as the test emoji are: two styles find two others, among all emoji in these. */
export function devEmoji(pictures) {
  const corpus = pictures.filter(({ set }) => sought.includes(set))
  const queries = pictures.filter(({ set, part }) => part === 'dev' && asked.includes(set))
  const judged = queries.map((query) => {
    const right = corpus.filter(({ concept }) => concept === query.concept)
    return [query.path, new Map(right.map(({ path }) => [path, 1]))]
  })
  const items = (all) => all.map(({ path }) => ({ id: path, image: path }))
  return {
    kind: 'retrieval',
    name: 'dev emoji',
    corpus: items(corpus),
    queries: new Map(items(queries).map((query) => [query.id, query])),
    qrels: new Map([['dev', new Map(judged.filter(([, right]) => right.size > 0))]]),
  }
}
