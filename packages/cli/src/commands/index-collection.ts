import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Document, type Modality, MsError, readDocuments, textLines } from '@ms/core'
import { embedCorpus, embedPicturesAndWords, embedQueries, nearestRun, type RetrievalEmbedder, withWords } from '@ms/finetune'
import { bm25Index, exactVectorIndex } from '@ms/index'
import { type Collection, openCollection, readCollectionManifest, saveCollection } from '@ms/index/node'
import { assertPluginOf, pluginSetting } from '../collection-plugin.js'
import { type CommandContext, defineCommand } from '../command.js'
import { computeOptions, pluginOption, wordsOption } from '../compute-options.js'
import { modalitiesOfItems, modelFor } from '../model-for-data.js'
import { openRetrievalData } from '../open-data.js'
import { openSearchEmbedders, type SearchEmbedders } from '../open-search-embedders.js'
import type { OptionSpecs } from '../option-values.js'
import { wrongUse } from '../option-values.js'
import { isFolder, pictureDocuments, readableOnly, withPicturePaths } from '../picture-documents.js'
import { progressBar } from '../progress-bar.js'
import { fitOnDev, fitWordsShare, keywordRuns } from '../systems.js'

const options = {
  collection: { type: 'string', value: 'C', help: 'folder of the collection', required: true },
  model: {
    type: 'string',
    value: 'M',
    help: 'create: what embeds the documents (default: ms-mini-text, of a folder of pictures ms-mini-image)',
  },
  input: {
    type: 'string',
    value: 'FILE|DIR',
    help: 'create, add: documents as .jsonl (_id, title, text, image), or a folder of pictures; remove: ids, one a line',
  },
  strict: { type: 'boolean', help: 'create, add: stop at a picture that cannot be read (default: leave it out, and say so at the end)' },
  data: { type: 'string', value: 'D', help: 'create: fit the weight of hybrid search, and of words beside pictures, on its dev queries' },
  weight: {
    type: 'number',
    min: 0,
    max: 1,
    value: 'X',
    help: 'create: the weight of hybrid search, 0 keywords … 1 vectors (default: rank fusion)',
  },
  words: { ...wordsOption.words, help: `create: ${wordsOption.words.help.replace('dev queries', 'dev queries of --data')}` },
  ...pluginOption,
  ...computeOptions,
} as const satisfies OptionSpecs

type Context = CommandContext<typeof options>
const actions = { create, add, remove, status }

export const indexCommand = defineCommand({
  name: 'index',
  summary: 'Make and change a collection that can be searched',
  usage: 'create|add|remove|status --collection C [--input FILE] [--model M]',
  operands: ['ACTION'],
  options,
  examples: [
    'ms index create --collection help --model runs/mine --input corpus.jsonl',
    'ms index add --collection help --input more.jsonl',
    'ms index status --collection help',
  ],
  run: (context) => {
    const [action] = context.operands
    if (!action || !Object.hasOwn(actions, action)) {
      throw wrongUse(
        action ? `there is no action "${action}"` : 'an action is missing',
        `Write one of: ${Object.keys(actions).join(', ')}.`,
      )
    }
    return actions[action as keyof typeof actions](context)
  },
})

function input({ options }: Context): Promise<Buffer> {
  const path = options.input
  if (!path) throw wrongUse('--input is missing', '--input FILE')
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new MsError('file.missing', cause.code === 'ENOENT' ? 'there is no such file' : `cannot read: ${cause.message}`, {
      where: path,
      cause,
    })
  })
}

/** The documents of `--input`: a .jsonl, or a folder of pictures. */
async function inputDocuments(context: Context): Promise<Document[]> {
  const path = context.options.input
  if (path && (await isFolder(path))) return pictureDocuments(path)
  return withPicturePaths(readDocuments(await input(context), path!), path!)
}

/** The pictures of a folder are pictures, whatever words their names hold. */
async function modalitiesOfInput(documents: readonly Document[], { options }: Context): Promise<ReadonlySet<Modality>> {
  return options.input && (await isFolder(options.input)) ? new Set(['image']) : modalitiesOfItems(documents)
}

/** Where the model reads pictures, only documents whose pictures can be read. */
async function readable(documents: readonly Document[], { reader }: SearchEmbedders, context: Context): Promise<readonly Document[]> {
  const { options, terminal, signal } = context
  return reader ? readableOnly(documents, reader, { terminal, signal, strict: options.strict }) : documents
}

/** @param words share of their words in the vectors of documents with a picture */
async function embedDocuments(embedder: RetrievalEmbedder, documents: readonly Document[], words: number, { terminal, signal }: Context) {
  const progress = progressBar(terminal, 'embed')
  try {
    const onProgress = ({ done, total }: { done: number; total: number }) => progress.update(done, total)
    if (words === 0) return (await embedCorpus(embedder, { corpus: documents }, { signal, onProgress })).vectors
    return withWords(await embedPicturesAndWords(embedder, { corpus: documents }, { signal, onProgress }), words).vectors
  } finally {
    progress.end()
  }
}

/** Vectors are normalised, or not, as the model wants to be searched: the index keeps them as they are. */
const lexicalDocument = ({ id, title, text = '' }: Document) => ({ id, text, ...(title ? { title } : {}) })

async function create(context: Context): Promise<number> {
  const { options, terminal, signal } = context
  const given = await inputDocuments(context)
  const name = await modelFor(await modalitiesOfInput(given, context), options)
  const embedder = await openSearchEmbedders(name, { options, terminal, signal })
  try {
    const documents = await readable(given, embedder, context)
    const fitted = await fittedOnDev(embedder, context)
    const { weight = fitted?.weight, words = fitted?.words ?? 0 } = options
    const vectors = await embedDocuments(embedder, documents, words, context)
    const vectorIndex = exactVectorIndex({ dim: embedder.dim, metric: 'dot', space: embedder.space })
    await vectorIndex.upsert(
      documents.map(({ id }) => id),
      vectors,
    )
    const lexicalIndex = bm25Index()
    await lexicalIndex.upsert(documents.map(lexicalDocument))
    await saveCollection(options.collection, {
      documents,
      vectorIndex,
      lexicalIndex,
      model: await modelReference(name),
      settings: { ...pluginSetting(embedder.model), ...(weight === undefined ? {} : { weight }), ...(words === 0 ? {} : { words }) },
    })
    const how = `hybrid search by ${weight === undefined ? 'rank fusion' : `weight ${weight}`}${words === 0 ? '' : `, words beside pictures ${words}`}`
    terminal.print(`${documents.length} documents in ${options.collection}, ${how}`)
    terminal.printJson({
      collection: options.collection,
      documents: documents.length,
      dim: embedder.dim,
      space: embedder.space,
      weight: weight ?? null,
      words,
    })
    return 0
  } finally {
    await embedder.dispose()
  }
}

/** What the dev queries of `--data` speak for: the share of words in documents' vectors, and the weight of hybrid search. */
async function fittedOnDev(embedder: RetrievalEmbedder, { options, signal }: Context) {
  if (!options.data || (options.weight !== undefined && options.words !== undefined)) return undefined
  const data = await openRetrievalData(options.data)
  const dev = data.qrels.get('dev')
  if (!dev)
    throw new MsError('data.split', 'there is no dev split to fit the weight on', {
      where: options.data,
      advice: 'Give --weight, or leave --data out.',
    })
  const both = await embedPicturesAndWords(embedder, data, { signal })
  const asked = await embedQueries(embedder, { queries: data.queries, qrels: dev, location: data.location }, { signal })
  const words = options.words ?? fitWordsShare(both, asked, dev)
  const keyword = (await keywordRuns({ data, split: 'dev', signal })).measured
  return { words, weight: fitOnDev(nearestRun(asked, withWords(both, words)), keyword, dev) }
}

/** A folder is remembered by its whole path, so that the collection can be searched from anywhere. */
async function modelReference(model: string): Promise<string> {
  return (await stat(model).catch(() => undefined))?.isDirectory() ? resolve(model) : model
}

async function change(
  context: Context,
  edit: (collection: Collection) => Promise<{ documents: Map<string, Document>; changed: number }>,
): Promise<number> {
  const { options, terminal } = context
  const collection = await openCollection(options.collection)
  const { vectorIndex, lexicalIndex, manifest } = collection
  const { documents, changed } = await edit(collection)
  await saveCollection(options.collection, {
    documents: documents.values(),
    ...(vectorIndex ? { vectorIndex } : {}),
    ...(lexicalIndex ? { lexicalIndex } : {}),
    ...(manifest.model ? { model: manifest.model } : {}),
    settings: manifest.settings,
    generation: manifest.generation,
  })
  terminal.print(`${changed} ${changed === 1 ? 'document' : 'documents'} changed, ${documents.size} in ${options.collection}`)
  terminal.printJson({ collection: options.collection, changed, documents: documents.size })
  return 0
}

async function add(context: Context): Promise<number> {
  const { options, terminal, signal } = context
  const given = await inputDocuments(context)
  return change(context, async ({ documents, vectorIndex, lexicalIndex, manifest }) => {
    let fresh: readonly Document[] = given
    if (vectorIndex) {
      await assertPluginOf(manifest.settings, options.plugin, options.collection)
      const embedder = await openSearchEmbedders(manifest.model, { options, terminal, signal })
      try {
        if (embedder.space !== manifest.space) {
          throw new MsError('search.space', `the model ${manifest.model} has changed since the documents were embedded`, {
            where: options.collection,
            advice: 'Create the collection anew.',
          })
        }
        fresh = await readable(given, embedder, context)
        await vectorIndex.upsert(
          fresh.map(({ id }) => id),
          await embedDocuments(embedder, fresh, typeof manifest.settings.words === 'number' ? manifest.settings.words : 0, context),
        )
      } finally {
        await embedder.dispose()
      }
    }
    await lexicalIndex?.upsert(fresh.map(lexicalDocument))
    const all = new Map(documents)
    for (const document of fresh) all.set(document.id, document)
    return { documents: all, changed: fresh.length }
  })
}

async function remove(context: Context): Promise<number> {
  const ids = Array.from(textLines(await input(context), context.options.input!), ({ value }) => value.trim())
  return change(context, async ({ documents, vectorIndex, lexicalIndex }) => {
    await vectorIndex?.remove(ids)
    await lexicalIndex?.remove(ids)
    const left = new Map(documents)
    let changed = 0
    for (const id of ids) if (left.delete(id)) changed++
    return { documents: left, changed }
  })
}

async function status({ options, terminal }: Context): Promise<number> {
  const { files, ...manifest } = await readCollectionManifest(options.collection)
  for (const [name, value] of Object.entries(manifest))
    terminal.print(`${name.padEnd(12)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  terminal.printJson({ ...manifest, files: Object.keys(files).length })
  return 0
}
