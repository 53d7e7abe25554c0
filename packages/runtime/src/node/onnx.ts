export { type OnnxModelSession, type OpenOnnxModelOptions, openOnnxModel } from '../traced/node/open-onnx-model.js'
