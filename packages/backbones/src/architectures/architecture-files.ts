import { type ModelFiles, MsError } from '@ms/core'
import { readCheckpointFile } from '../checkpoint/read-checkpoint-file.js'
import type { Architecture } from './architecture.js'
import { architectures } from './architectures.js'
import { preprocessorJson } from './preprocessor-json.js'

/**
 * A bare checkpoint as a model's folder: its weights as they are, beside the config.json and preprocessor_config.json that the name of
 * its architecture stands for.
 *
 * @param architecture a name of torchvision or timm: `resnet50`, `efficientnet_lite0`; see `architectures`
 * @param file name of the checkpoint in `files`: safetensors, `.pth`, `.pt` or `.bin`
 * @throws `architecture.unknown`
 *
 * @example
 * ```ts
 * import { architectureFiles, loadBackbone } from '@ms/backbones'
 * import { directoryFiles } from '@ms/core/node'
 *
 * const files = architectureFiles('resnet50', directoryFiles('downloads'), 'resnet50-0676ba61.pth')
 * const { backbone, parameters } = await loadBackbone(files)
 * console.log(backbone.width, parameters.size) // 2048
 * ```
 */
export function architectureFiles(architecture: string, files: ModelFiles, file: string): ModelFiles {
  const found = architectures.get(architecture.toLowerCase())
  if (!found) {
    throw new MsError('architecture.unknown', `there is no architecture ${JSON.stringify(architecture)}`, {
      where: `${files.location}/${file}`,
      advice: `Known are ${[...architectures.keys()].join(', ')}.`,
    })
  }
  const location = `${files.location}/${file}`
  // As it is called, for messages, where `openCheckpoint` knows it by its ending.
  const weights = /\.(safetensors|pth|pt|bin)$/.test(file) ? file : 'pytorch_model.bin'
  const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
  const variant = async (): Promise<Pick<Architecture, 'config' | 'preprocessing'>> => {
    if (!found.variants) return found
    const keys = readCheckpointFile(await files.read(file), location)
    return found.variants.find(({ marker }) => keys.has(marker)) ?? found
  }
  return {
    location: files.location,
    list: async () => ['config.json', weights, 'preprocessor_config.json'].sort(),
    read: async (name) => {
      if (name === weights) return files.read(file)
      if (name === 'config.json') return json((await variant()).config)
      if (name === 'preprocessor_config.json') return json(preprocessorJson((await variant()).preprocessing))
      throw new MsError('file.missing', `a bare checkpoint has no ${name}`, { where: location })
    },
  }
}
