// Makes models/ms-mini-text from all-MiniLM-L6-v2 and the packages of sources.json.
//   node scripts/build-model.mjs --teacher DIR [--documents FILE] [--out DIR] [--cache DIR] [--backend B] [--threads N] [--quick]
// --documents: further texts to read, a JSON object with `text` a line; the shipped model read the pages of LibreOffice's help (English), and
// no query about them. --quick leaves most texts out, to try a change of the recipe.
// DIR of the teacher is its sentence-transformers directory. The same seed, teacher and sources give the same tokens; the
// numbers of the table depend on the engine's last digits. An interrupted run resumes from the cache.
import { createHash } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadTokenizer, quantizeRows, writeSafetensors } from '@ms/backbones'
import { memoryFiles } from '@ms/core'
import { directoryFiles, replaceDirectory } from '@ms/core/node'
import { createEmbedder, loadEncoder } from '@ms/embed'
import { distill } from '@ms/finetune'
import { openEngine } from '@ms/runtime/node'
import { openSources } from './open-sources.mjs'
import { readDocuments } from './sources/documents.mjs'
import { passages, readTexts } from './texts.mjs'
import { tokenizerJson } from './tokenizer-json.mjs'
import { buildVocabulary, headwords } from './vocabulary.mjs'

const SEED = 20021008

const home = fileURLToPath(new URL('..', import.meta.url))
const { values: options } = parseArgs({
  options: {
    teacher: { type: 'string' },
    documents: { type: 'string' },
    out: { type: 'string', default: join(home, 'models', 'ms-mini-text') },
    cache: { type: 'string', default: join(home, '.cache') },
    sources: { type: 'string' },
    backend: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
  },
})
if (!options.teacher) {
  console.error('Name the directory of all-MiniLM-L6-v2: --teacher DIR')
  process.exit(2)
}

const documents = options.documents ? readDocuments(options.documents) : []
const texts = readTexts(openSources(options.sources ?? join(options.cache, 'sources')))
const teacherFiles = directoryFiles(options.teacher)
const json = async (name) => JSON.parse(new TextDecoder().decode(await teacherFiles.read(name)))
const { tokens, shares } = buildVocabulary(texts, (await json('tokenizer.json')).model.vocab)
const tokenizerBytes = new TextEncoder().encode(JSON.stringify(tokenizerJson(tokens)))
const tokenizer = await loadTokenizer(memoryFiles({ 'tokenizer.json': tokenizerBytes }))
console.error(`${tokenizer.vocabularySize} tokens, tokenizer.json ${tokenizerBytes.length} bytes`)

/** The teacher with its `[CLS]` vector in place of the mean: better for single words. */
const clsFiles = {
  ...teacherFiles,
  read: async (name) =>
    name === '1_Pooling/config.json'
      ? new TextEncoder().encode(
          JSON.stringify({ word_embedding_dimension: 384, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }),
        )
      : teacherFiles.read(name),
}

const engine = await openEngine({ backend: options.backend, threads: Number(options.threads) })
const weights = createHash('sha256')
  .update(await teacherFiles.read('model.safetensors'))
  .digest('hex')
async function openTeacher(files, pooling) {
  const embedder = await createEmbedder(await loadEncoder(files), { engine, batchTokens: 2048, batchItems: 128 })
  // The cache outlives changes of the library that do not change the vectors.
  return { dim: embedder.dim, space: `${weights} ${pooling}`, embed: embedder.embed }
}

const part = (all, count) => (options.quick ? all.slice(0, count) : all)
const words = part(headwords(texts.cedict), 36_864)

const groups = [
  { name: 'WordNet definitions', texts: part(texts.wordnet.definitions, 49_152) },
  { name: 'WordNet examples', texts: texts.wordnet.examples },
  { name: 'mails', texts: texts.mails, weight: 3 },
  ...texts.documentation.map(({ name, texts: own }) => ({ name, texts: own, weight: 3 })),
  { name: 'documents', texts: documents, weight: 3 },
  { name: 'passages', texts: part([...texts.passages, ...passages(documents)], 0), weight: 6 },
  { name: 'interface, English', texts: texts.pairs.map(({ meaning }) => meaning), weight: 3 },
  {
    name: 'interface, Chinese',
    texts: texts.pairs.map(({ text }) => text),
    meanings: texts.pairs.map(({ meaning }) => meaning),
    weight: 3,
  },
  { name: 'CC-CEDICT', texts: words, meanings: words.map((word) => texts.cedict.meanings.get(word)), weight: 0.5 },
]

let shown = ''
const result = await distill({
  teacher: await openTeacher(teacherFiles, 'mean'),
  tokenTeacher: await openTeacher(clsFiles, 'cls'),
  tokenizer,
  texts: groups,
  dictionary: new Map(tokens.filter((token) => texts.cedict.meanings.has(token)).map((token) => [token, texts.cedict.meanings.get(token)])),
  shares,
  dim: 256,
  seed: SEED,
  cache: directoryFiles(join(options.cache, 'teacher')),
  onEvent: (event) => console.error(JSON.stringify(event)),
  onProgress: ({ done, total }) => {
    const now = `${Math.floor((100 * done) / total)} %`
    if (now === shown) return
    shown = now
    console.error(now)
  },
})
await engine.dispose()

const { data } = result.parameters.get('embedding.weight')
const { rows, scale } = quantizeRows(data, result.dim)
const table = writeSafetensors(
  new Map([
    ['embedding.weight', { dtype: 'I8', shape: [scale.length, result.dim], data: rows }],
    ['embedding.scale', { dtype: 'F32', shape: [scale.length], data: scale }],
  ]),
  { format: 'pt' },
)
await replaceDirectory(options.out, async (folder) => {
  const files = directoryFiles(folder)
  const text = (value) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
  await files.write(
    'modules.json',
    text([
      { idx: 0, name: '0', path: '0_StaticEmbedding', type: 'sentence_transformers.models.StaticEmbedding' },
      { idx: 1, name: '1', path: '1_Normalize', type: 'sentence_transformers.models.Normalize' },
    ]),
  )
  await files.write('0_StaticEmbedding/tokenizer.json', tokenizerBytes)
  await files.write('0_StaticEmbedding/model.safetensors', table)
  await copyFile(join(home, 'THIRD-PARTY.md'), join(folder, 'THIRD-PARTY.md'))
})
console.error(JSON.stringify({ losses: result.losses, bytes: table.length + tokenizerBytes.length }))
