export { type OnnxModelSession, type OpenOnnxModelOptions, openOnnxModel } from '../traced/node/open-onnx-model.js'
export { installedRivals } from './installed-rivals.js'
