import { loadParameters } from '@ms/backbones'
import { type ModelFiles, MsError } from '@ms/core'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import { z } from 'zod'
import { modulePrefix } from './module-chain.js'
import type { EncoderModule, Widths } from './modules/encoder-module.js'
import { knownModules } from './modules/known-modules.js'
import { firstModules, type ModuleEntry, subFiles, unknownModule } from './modules/module-list.js'
import { readJsonIfThere } from './read-json.js'

/** Modules with their weights, by the encoder's names. */
export interface LoadedModules {
  readonly modules: readonly EncoderModule[]
  readonly parameters: Parameters
}

/**
 * Loads what follows the first module.
 * @throws `encoder.module-unknown`, `encoder.order`, `encoder.width`, `config.invalid`, and what reading weights throws
 */
export async function loadModules(files: ModelFiles, entries: readonly ModuleEntry[], start: Widths): Promise<LoadedModules> {
  const where = `${files.location}/modules.json`
  const names = new Set(await files.list())
  let widths = start
  const modules: EncoderModule[] = []
  const parameters = new Map<string, HostTensor<Float32Array>>()
  for (const [position, { type, path }] of entries.entries()) {
    if (firstModules.includes(type)) throw new MsError('encoder.order', `${type} may only come first`, { where })
    const factory = knownModules[type]
    if (!factory) throw unknownModule(type, where)
    const name = path === '' ? 'config.json' : `${path}/config.json`
    const config = path === '' ? undefined : await readJsonIfThere(files, names, name, z.unknown())
    const module = factory(config ?? {}, widths, `${files.location}/${name}`)
    if (module.shapes.size > 0) {
      for (const [key, value] of await loadParameters(subFiles(files, path), module.shapes))
        parameters.set(modulePrefix(module, position) + key, value)
    }
    widths = module.widths
    modules.push(module)
  }
  return { modules, parameters }
}
