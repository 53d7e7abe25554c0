// What `pnpm bench` measures. A kind is one comparison: ours and its peers run the same work, a process a round, and take turns.

/** Commands are relative to this folder; `MODEL`, `DATA` and `TEXTS:NAME` stand for paths. */
const node = (script, ...words) => ({ program: 'node', words: [script, ...words] })
const python = (script, ...words) => ({ program: 'python', words: [script, ...words] })

const encode = (name, what) => ({
  title: `Encode ${what}, MiniLM, float32`,
  figure: 'encodeMs',
  ours: node('encoding.mjs', 'transformer', 'MODEL', `TEXTS:${name}`),
  peers: { 'sentence-transformers': python('encoding.py', 'transformer', 'MODEL', `TEXTS:${name}`) },
})

const convolutional = (network, mode, what) => ({
  title: `Train ${what}`,
  figure: 'stepMs',
  ours: node('cnn-training.mjs', network, mode, '5'),
  peers: { PyTorch: python('cnn_training.py', network, mode, '5') },
})

const search = (way, what) => ({
  title: `Find the nearest 10 of 100,000 vectors of 384, exactly, ${what}`,
  figure: 'searchMs',
  ours: node('vector-search.mjs', way),
  peers: { faiss: python('vector_search.py', way) },
})

/** Rows, width, tokens of a text, pairs of a step, steps. */
const tableSizes = ['30522', '256', '64', '128', '60']

export const kinds = {
  'train-uniform': {
    title: 'Train MiniLM, a step of 32 pairs × 64 tokens, Adam',
    figure: 'stepMs',
    ours: node('minilm-training.mjs', 'uniform', 'MODEL', 'DATA', '6'),
    peers: { PyTorch: python('minilm_training.py', 'uniform', 'MODEL', 'DATA', '6') },
  },
  'train-real': {
    title: 'Train MiniLM on help pages of mixed length, a step of 32 pairs',
    figure: 'stepMs',
    ours: node('minilm-training.mjs', 'real', 'MODEL', 'DATA', '4'),
    peers: {
      'sentence-transformers': python('minilm_training.py', 'real', 'MODEL', 'DATA', '4'),
      'the same without dropout': python('minilm_training.py', 'real-eval', 'MODEL', 'DATA', '4'),
    },
  },
  'train-real-dropout': {
    title: 'The same with the dropout of the checkpoint, 0.1',
    figure: 'stepMs',
    ours: node('minilm-training.mjs', 'real-dropout', 'MODEL', 'DATA', '4'),
    peers: { 'sentence-transformers': python('minilm_training.py', 'real', 'MODEL', 'DATA', '4') },
  },
  'train-uniform-dropout': {
    title: 'Train MiniLM, a step of 32 pairs × 64 tokens, Adam, dropout 0.1',
    figure: 'stepMs',
    ours: node('minilm-training.mjs', 'uniform-dropout', 'MODEL', 'DATA', '6'),
    peers: { PyTorch: python('minilm_training.py', 'uniform-dropout', 'MODEL', 'DATA', '6') },
  },
  'train-static': {
    title: 'Train a table of 30,522 × 256, a step of 128 pairs × 64 tokens, Adam on the rows of the batch',
    figure: 'stepMs',
    ours: node('static-training.mjs', ...tableSizes),
    peers: { PyTorch: python('static_training.py', ...tableSizes) },
  },
  'train-resnet-50': convolutional('resnet-50', 'frozen', 'ResNet-50, a step of 8 pictures of 224 × 224, batch norm frozen'),
  'train-resnet-50-batch': convolutional('resnet-50', 'batch', 'ResNet-50, a step of 8 pictures of 224 × 224, batch norm by the batch'),
  'train-small-cnn': convolutional(
    'small',
    'batch',
    'a CNN of .88 million weights, a step of 32 pictures of 64 × 64, batch norm by the batch',
  ),
  'encode-16': encode('16', '600 texts of 16 tokens'),
  'encode-64': encode('64', '200 texts of 64 tokens'),
  'encode-256': encode('256', '60 texts of 256 tokens'),
  'encode-mixed': encode('mixed', '600 pages and queries of mixed length'),
  'encode-static': {
    title: 'Encode 10,000 pages and queries, a table of 30,522 × 256',
    figure: 'encodeMs',
    ours: node('encoding.mjs', 'static', 'MODEL', 'TEXTS:mixed-10k'),
    peers: {
      model2vec: python('encoding.py', 'model2vec', 'MODEL', 'TEXTS:mixed-10k'),
      'sentence-transformers': python('encoding.py', 'static', 'MODEL', 'TEXTS:mixed-10k'),
    },
  },
  load: {
    title: 'Load MiniLM and encode two texts, imports of the process not counted',
    figure: 'startMs',
    ours: node('encoding.mjs', 'load', 'MODEL', 'TEXTS:16'),
    peers: { 'sentence-transformers': python('encoding.py', 'load', 'MODEL', 'TEXTS:16') },
  },
  'search-one': search('one', '200 queries one after the other'),
  'search-many': search('many', '200 queries at once'),
  // Growth: ours at once, twice and four times the work.
  'grow-batch-8': grow('Train MiniLM, a step of 8 pairs × 64 tokens', 'train', '8'),
  'grow-batch-16': grow('Train MiniLM, a step of 16 pairs × 64 tokens', 'train', '16'),
  'grow-batch-64': grow('Train MiniLM, a step of 64 pairs × 64 tokens', 'train', '64'),
  'grow-corpus-2.5k': grow('Encode 2,500 pages and queries, a table', 'static', 'mixed-2.5k'),
  'grow-corpus-5k': grow('Encode 5,000 pages and queries, a table', 'static', 'mixed-5k'),
}

function grow(title, kind, size) {
  return kind === 'train'
    ? { title, figure: 'stepMs', ours: node('minilm-training.mjs', 'uniform', 'MODEL', 'DATA', '4', size), peers: {} }
    : { title, figure: 'encodeMs', ours: node('encoding.mjs', 'static', 'MODEL', `TEXTS:${size}`), peers: {} }
}

/** What wants hardware that few machines have is run by name only. */
export const byNameOnly = ['gpu-training']

/** Scripts that compare on their own and print one JSON document with `--json`. */
export const scripts = {
  'encode-int8': ['encode-int8.mjs', 'MODEL'],
  start: ['start.mjs', 'MODEL'],
  'tokenising-share': ['tokenising-share.mjs', 'MODEL'],
  million: ['million.mjs'],
  pictures: ['pictures.mjs'],
  lexical: ['lexical.mjs'],
  'gpu-training': ['gpu-training.mjs', 'MODEL'],
}
