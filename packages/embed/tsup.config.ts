import { library } from '../../tsup.base.js'

export default library({
  entry: {
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    'node/serve': 'src/node/serve.ts',
    'node/embed-thread': 'src/node/threads/embed-thread.ts',
  },
})
