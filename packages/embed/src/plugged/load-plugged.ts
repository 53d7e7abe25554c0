import { readSafetensors, toFloat32 } from '@ms/backbones'
import { type ImageSource, type ModelFiles, MsError } from '@ms/core'
import type { EncoderPlugin, HostTensor } from '@ms/core/tensor'
import { z } from 'zod'
import { readJson } from '../read-json.js'
import { type PluggedEncoder, pluggedEncoder } from './plugged-encoder.js'
import { pluginFile } from './plugin-file.js'

export const pluginWeights = 'model.safetensors'

const schema = z.object({ plugin: z.string().min(1), config: z.record(z.string(), z.unknown()) }).catchall(z.unknown())

/** @throws `encoder.plugin-missing` naming the plug-in that is needed, `config.malformed`, `config.invalid`, and what the plug-in throws */
export async function loadPlugged(
  files: ModelFiles,
  plugins: readonly EncoderPlugin<ImageSource>[] = [],
): Promise<PluggedEncoder<ImageSource>> {
  const { plugin: name, config } = await readJson(files, pluginFile, schema)
  const plugin = plugins.find((each) => each.name === name)
  if (!plugin) throw missing(name, plugins, files)
  const { tensors } = readSafetensors(await files.read(pluginWeights), `${files.location}/${pluginWeights}`)
  const parameters = new Map(
    [...tensors].map(([key, tensor]): [string, HostTensor<Float32Array>] => [key, { shape: tensor.shape, data: toFloat32(tensor) }]),
  )
  return pluggedEncoder(plugin, await plugin.load(config, parameters, `${files.location}/${pluginFile}`))
}

/** What to say where plug-ins are not taken at all. */
export async function pluginMissing(files: ModelFiles): Promise<MsError> {
  return missing((await readJson(files, pluginFile, schema)).plugin, [], files)
}

function missing(name: string, given: readonly { readonly name: string }[], files: ModelFiles): MsError {
  const others = given.length > 0 ? `, and given was ${given.map((each) => each.name).join(', ')}` : ''
  return new MsError('encoder.plugin-missing', `this model was made with the plug-in "${name}"${others}`, {
    where: files.location,
    advice: `Name the package or file that has it: --plugin PACKAGE, or openModel(…, { plugins: [${/^\w+$/.test(name) ? name : 'plugin'}] }).`,
    details: { plugin: name },
  })
}
