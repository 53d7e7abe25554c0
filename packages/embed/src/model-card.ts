import type { SentenceEncoder } from './sentence-encoder.js'

/** What a model's README says that its files do not. */
export interface ModelCard {
  /** Title. Default: `Text encoder`. */
  name?: string
  /** What it is and how it was made: Markdown paragraphs. */
  description?: string
  /** SPDX identifier, as in Hugging Face's front matter: `apache-2.0`. */
  license?: string
  /** ISO 639-1 codes: `['en', 'zh']`. */
  languages?: readonly string[]
  /** The model that it was made from: a hub id or a name. */
  baseModel?: string
}

/** README.md with the front matter that model hubs read. Only what the files themselves say, and what the card is given. */
export function modelCard(encoder: SentenceEncoder, card: ModelCard, precision: 'float32' | 'int8' | 'onnx'): string {
  const { parts, dim } = encoder
  const { name = 'Text encoder', description, license, languages = [], baseModel } = card
  const size = [...encoder.parameters.values()].reduce((sum, { data }) => sum + data.length, 0)
  const limit = (most: number) => (Number.isFinite(most) ? `${most} tokens` : 'no limit')
  const { query, document } = parts.maxLength
  const frontMatter = [
    ...(license ? [`license: ${quoted(license)}`] : []),
    ...(languages.length > 0 ? ['language:', ...languages.map((code) => `- ${quoted(code)}`)] : []),
    ...(baseModel ? [`base_model: ${quoted(baseModel)}`] : []),
    'library_name: sentence-transformers',
    'pipeline_tag: sentence-similarity',
    'tags:',
    '- sentence-transformers',
    '- feature-extraction',
  ]
  const rows: [string, string][] = [
    ['Network', parts.backbone.type === 'StaticEmbedding' ? 'table of token embeddings, averaged' : encoder.family],
    ['Modules', [parts.backbone.type, ...parts.modules.map(({ type }) => type)].join(' → ')],
    ['Embedding', `${dim} dimensions${encoder.truncateDim ? `, cut to ${encoder.truncateDim}` : ''}`],
    ['Longest text', query === document ? limit(document) : `query ${limit(query)}, document ${limit(document)}`],
    ['Parameters', `${size.toLocaleString('en')} (${precision === 'int8' ? 'int8 with a scale for each row' : 'float32'})`],
    ['Compared by', encoder.similarity],
    ...Object.entries(encoder.prompts).map(([role, prompt]): [string, string] => [
      `Prompt \`${role}\``,
      prompt === '' ? 'none' : `\`${prompt}\``,
    ]),
    ...(baseModel ? [['Made from', baseModel] as [string, string]] : []),
  ]
  const table = [
    '| | |',
    '| --- | --- |',
    ...rows.map(([key, value]) => `| ${key} | ${value.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`),
  ]
  const readable =
    precision !== 'int8' && !parts.model2vec
      ? [
          'In Python:',
          '',
          '```python',
          'from sentence_transformers import SentenceTransformer',
          '',
          `model = SentenceTransformer("PATH"${precision === 'onnx' ? ', backend="onnx"' : ''})`,
          'model.encode_query(["a question"])',
          '```',
          '',
        ]
      : []
  return [
    '---',
    ...frontMatter,
    '---',
    '',
    `# ${name}`,
    '',
    ...(description ? [description.trim(), ''] : []),
    'It turns texts into vectors, for semantic search and similarity.',
    '',
    ...table,
    '',
    ...(precision === 'int8'
      ? [
          'The table is `embedding.weight` in int8; a value is it times `embedding.scale` of its row. Python’s sentence-transformers does not read that.',
          '',
        ]
      : []),
    '## Use',
    '',
    ...readable,
    'In JavaScript:',
    '',
    '```js',
    ...(precision === 'onnx'
      ? ["import { openExportedEncoder } from '@ms/embed/node/serve'", '', "const encoder = await openExportedEncoder('PATH')"]
      : ["import { openEncoder } from '@ms/embed/node'", '', "const encoder = await openEncoder('PATH')"]),
    '```',
    '',
  ].join('\n')
}

export const quoted = (text: string) => (/^[\w.\-/]+$/.test(text) ? text : JSON.stringify(text))
