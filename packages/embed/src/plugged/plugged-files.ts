import { type CheckpointTensor, writeSafetensors } from '@ms/backbones'
import { type ImageSource, MsError } from '@ms/core'
import { type ModelCard, quoted } from '../model-card.js'
import { pluginWeights } from './load-plugged.js'
import type { PluggedEncoder } from './plugged-encoder.js'
import { pluginFile } from './plugin-file.js'

const text = (content: string) => new TextEncoder().encode(content)

/** Files of a saved encoder of a plug-in, by name. @throws `encoder.precision` for anything but float32 */
export function pluggedFiles(
  encoder: PluggedEncoder<ImageSource>,
  { precision = 'float32', card = {} }: { readonly precision?: 'float32' | 'int8'; readonly card?: ModelCard },
): Map<string, Uint8Array> {
  const { plugin, config, parameters } = encoder
  if (precision !== 'float32') {
    throw new MsError('encoder.precision', `${precision} is for tables of token embeddings, and this is made by the plug-in ${plugin}`, {
      where: 'precision',
    })
  }
  const tensors = [...parameters].map(([name, { shape, data }]): [string, CheckpointTensor] => [name, { dtype: 'F32', shape, data }])
  return new Map([
    [pluginFile, text(`${JSON.stringify({ plugin, config }, null, 2)}\n`)],
    [pluginWeights, writeSafetensors(new Map(tensors))],
    ['README.md', text(pluggedCard(encoder, card))],
  ])
}

function pluggedCard({ plugin, dim, modality, parameters, config }: PluggedEncoder<ImageSource>, card: ModelCard): string {
  const size = [...parameters.values()].reduce((sum, { data }) => sum + data.length, 0)
  const front = [
    ...(card.license ? [`license: ${quoted(card.license)}`] : []),
    ...(card.languages?.length ? ['language:', ...card.languages.map((code) => `- ${quoted(code)}`)] : []),
    ...(card.baseModel ? [`base_model: ${quoted(card.baseModel)}`] : []),
    'tags:',
    '- feature-extraction',
  ]
  return [
    '---',
    ...front,
    '---',
    '',
    `# ${card.name ?? (modality === 'text' ? 'Text encoder' : 'Image encoder')}`,
    '',
    ...(card.description ? [card.description.trim(), ''] : []),
    `Made by the plug-in \`${plugin}\`: ${dim} dimensions, ${size.toLocaleString('en')} parameters (float32).`,
    '',
    '```json',
    JSON.stringify(config, null, 2),
    '```',
    '',
    '## Use',
    '',
    '```js',
    "import { openModel } from '@ms/embed/node'",
    "import plugin from 'THE-PLUG-IN'",
    '',
    `const { ${modality} } = await openModel('PATH', { plugins: [plugin] })`,
    '```',
    '',
  ].join('\n')
}
