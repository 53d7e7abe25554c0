import { denseFromConfig } from './dense.js'
import { dropoutFromConfig } from './dropout.js'
import type { ModuleFactory } from './encoder-module.js'
import { layerNormFromConfig } from './layer-norm.js'
import { normalizeFromConfig } from './normalize.js'
import { poolingFromConfig } from './pooling.js'

/** The modules that may follow the first one, by short name. */
export const knownModules: Readonly<Record<string, ModuleFactory>> = {
  Pooling: poolingFromConfig,
  Dense: denseFromConfig,
  Normalize: normalizeFromConfig,
  LayerNorm: layerNormFromConfig,
  Dropout: dropoutFromConfig,
}
