export { type OpenEncoderOptions, openEncoder } from './open-encoder.js'
export { type ResolveModelOptions, resolveModel } from './resolve-model.js'
export { saveEncoderDirectory } from './save-encoder-directory.js'
