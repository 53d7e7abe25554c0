import { library } from '../../tsup.base.js'

export default library({
  entry: {
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    'node/onnx': 'src/node/onnx.ts',
  },
  // tsup leaves out dependencies and peer dependencies by itself, but not optional ones.
  external: ['onnxruntime-node'],
})
