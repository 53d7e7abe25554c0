import { describeLexicalIndex } from '@ms/testing'
import { bm25Index } from './bm25-index.js'

describeLexicalIndex('bm25Index', { create: () => bm25Index() })
