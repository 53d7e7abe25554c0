import { type Embedder, MsError } from '@ms/core'
import { openCollection } from '@ms/index/node'
import { convexFusion, createSearch, highlight, type SearchMode } from '@ms/search'
import { assertPluginOf } from '../collection-plugin.js'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption } from '../compute-options.js'
import { clip } from '../display-width.js'
import { openSearchEmbedders } from '../open-search-embedders.js'
import { wrongUse } from '../option-values.js'

export const searchCommand = defineCommand({
  name: 'search',
  summary: 'Search a collection',
  usage: '--collection C QUERY | --image FILE | --like ID',
  operands: ['QUERY'],
  options: {
    collection: { type: 'string', value: 'C', help: 'folder of the collection', required: true },
    model: { type: 'string', value: 'M', help: 'where the collection’s model lies now, if it was moved' },
    mode: { type: 'string', choices: ['dense', 'lexical', 'hybrid'], help: 'default: hybrid' },
    k: { type: 'integer', min: 1, max: 10_000, value: 'N', help: 'results (default: 10)' },
    image: { type: 'string', value: 'FILE', help: 'instead of a query: documents whose pictures are like this one' },
    like: { type: 'string', value: 'ID', help: 'instead of a query: documents like this one' },
    ...pluginOption,
    ...computeOptions,
  },
  examples: [
    'ms search --collection help "two pages on one sheet"',
    'ms search --collection help --like text/swriter/guide/print.html',
    'ms search --collection drawings --image heart.png',
  ],
  run: async ({ options, operands, terminal, signal }) => {
    const [query] = operands
    if ([query, options.image, options.like].filter((each) => each !== undefined).length !== 1)
      throw wrongUse('one query is needed: words, --image FILE or --like ID', 'ms search --collection C "what you look for"')
    if (query?.trim() === '')
      throw wrongUse('the query is empty', 'Write what you look for: ms search --collection C "two pages on one sheet"')
    const { documents, vectorIndex, lexicalIndex, manifest } = await openCollection(options.collection)
    const mode = options.mode as SearchMode | undefined
    if (vectorIndex && mode !== 'lexical') await assertPluginOf(manifest.settings, options.plugin, options.collection)
    const embedder =
      vectorIndex && mode !== 'lexical'
        ? await openSearchEmbedders(options.model ?? manifest.model, { options, terminal, signal })
        : undefined
    try {
      if (embedder && embedder.space !== manifest.space) {
        throw new MsError('search.space', `the model ${options.model ?? manifest.model} is not the one that embedded the documents`, {
          where: options.collection,
          advice: 'Name that model with --model, or create the collection anew with this one.',
        })
      }
      const weight = typeof manifest.settings.weight === 'number' ? manifest.settings.weight : undefined
      const like = options.like === undefined ? undefined : documents.get(options.like)
      if (options.like !== undefined && !like)
        throw new MsError('search.document-missing', `there is no document "${options.like}"`, {
          where: options.collection,
          advice: 'Give the _id of a document that was indexed.',
        })
      // A picture is looked for by its vector; words by theirs, where the model takes words, and by the words that stand with pictures.
      const picture = options.image ?? (embedder?.image ? like?.image : undefined)
      if (picture !== undefined && !embedder?.image) {
        throw new MsError('search.picture', 'this collection cannot be searched with a picture', {
          where: options.collection,
          advice: 'Its model takes texts only, or it was asked for keywords only; create one with a model of pictures.',
        })
      }
      const ofQuery: Embedder<string> | undefined = picture === undefined ? embedder?.text : embedder?.image
      const search = createSearch({
        documents,
        ...(vectorIndex && ofQuery ? { dense: { embedder: ofQuery, index: vectorIndex, space: manifest.space ?? '' } } : {}),
        ...(lexicalIndex && picture === undefined ? { lexical: lexicalIndex } : {}),
        ...(weight === undefined ? {} : { fusion: convexFusion({ weight }) }),
      })
      const text = picture ?? (like ? `${like.title ?? ''} ${like.text ?? ''}`.trim() : (query ?? ''))
      const k = options.k ?? 10
      const answer = await search.search(text, { k: like ? k + 1 : k, mode, signal })
      const results = answer.results.filter(({ id }) => id !== like?.id).slice(0, k)
      if (results.length === 0) terminal.print('nothing found')
      const { colors } = terminal
      for (const [rank, { id, title, score, scores, snippet }] of results.entries()) {
        const parts = Object.entries(scores).map(([leg, value]) => `${leg} ${value.toFixed(3)}`)
        terminal.print(
          `${String(rank + 1).padStart(2)}  ${colors.bold(clip(title ?? id, terminal.width - 40))}  ${colors.dim(`${score.toFixed(4)}  ${parts.join('  ')}`)}`,
        )
        const text = snippet.text.replace(/\s/g, ' ')
        if (text)
          terminal.print(
            `    ${highlight(text, snippet.ranges, { open: colors.isColorSupported ? '\x1b[1;33m' : '', close: colors.isColorSupported ? '\x1b[0m' : '', escape: plain })}`,
          )
        if (title) terminal.print(`    ${colors.dim(id)}`)
      }
      terminal.printJson({
        query: text,
        mode: answer.mode,
        took: answer.took,
        results: results.map(({ id, title, score, scores, snippet }) => ({ id, ...(title ? { title } : {}), score, scores, snippet })),
      })
      return 0
    } finally {
      await embedder?.dispose()
    }
  },
})

/** Found texts must not steer the terminal. */
const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
