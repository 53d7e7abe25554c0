import type { ImageEncoder } from './image-encoder.js'
import { type ModelCard, quoted } from './model-card.js'

/** README.md of an encoder of pictures: only what the files themselves say, and what the card is given. */
export function imageModelCard(encoder: ImageEncoder, card: ModelCard, precision: 'float32' | 'int8' | 'onnx'): string {
  const { parts, dim, settings } = encoder
  const { name = 'Image encoder', description, license, baseModel } = card
  const size = [...encoder.parameters.values()].reduce((sum, { data }) => sum + data.length, 0)
  const [height, width] = settings.crop
  const architecture = parts.backbone.config['architecture']
  const frontMatter = [
    ...(license ? [`license: ${quoted(license)}`] : []),
    ...(baseModel ? [`base_model: ${quoted(baseModel)}`] : []),
    'pipeline_tag: image-feature-extraction',
  ]
  const rows: [string, string][] = [
    ['Network', typeof architecture === 'string' ? `${encoder.family} (${architecture})` : encoder.family],
    ['Modules', ['ImageBackbone', ...parts.modules.map(({ type }) => type)].join(' → ')],
    ['Embedding', `${dim} dimensions${encoder.truncateDim ? `, cut to ${encoder.truncateDim}` : ''}`],
    ['Pictures', `${width} × ${height} pixels, ${settings.interpolation}`],
    ['Parameters', `${size.toLocaleString('en')} (${precision === 'int8' ? 'int8 with a scale for each row' : 'float32'})`],
    ['Compared by', encoder.similarity],
    ...(baseModel ? [['Made from', baseModel] as [string, string]] : []),
  ]
  return [
    '---',
    ...frontMatter,
    '---',
    '',
    `# ${name}`,
    '',
    ...(description ? [description.trim(), ''] : []),
    'It turns pictures into vectors, for finding pictures that are alike.',
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([key, value]) => `| ${key} | ${value.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`),
    '',
    '## Use',
    '',
    '```js',
    ...(precision === 'onnx'
      ? ["import { openExportedModel } from '@ms/embed/node/serve'", '', "const { image } = await openExportedModel('PATH')"]
      : ["import { openModel } from '@ms/embed/node'", '', "const { image } = await openModel('PATH')"]),
    '```',
    '',
  ].join('\n')
}
