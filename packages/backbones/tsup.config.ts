import { library } from '../../tsup.base.js'

export default library({
  entry: {
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    'node/hub': 'src/node/hub.ts',
    'static/index': 'src/static/index.ts',
    'tokenizers/index': 'src/tokenizers/index.ts',
  },
  // tsup leaves out dependencies and peer dependencies by itself, but not optional ones.
  external: ['sharp'],
})
