import { assertVocabulary, loadStaticTable, loadTokenizer, staticEmbedding, tableParameters } from '@ms/backbones'
import type { ModelFiles } from '@ms/core'
import type { FirstModule } from './first-module.js'
import { readTokenizerFiles, readTruncation, truncatingOn } from './tokenizer-files.js'

/** A table of token embeddings with its tokeniser: what modules.json calls a StaticEmbedding. */
export async function loadTable(files: ModelFiles, maxLength?: number): Promise<FirstModule> {
  const names = new Set(await files.list())
  const table = await loadStaticTable(files)
  const truncation = await readTruncation(files, names, { obeyConfig: false })
  const tokenizer = await loadTokenizer(await truncatingOn(truncation.side, files, names), { obeyConfig: false })
  assertVocabulary(tokenizer, table.count, files.location)
  const parsedConfig = { vocab_size: table.count, hidden_size: table.width }
  // Unlike a Transformer, sentence-transformers' StaticEmbedding obeys what tokenizer.json itself cuts off.
  const most = maxLength ?? truncation.maxLength ?? Number.POSITIVE_INFINITY
  return {
    backbone: { type: 'StaticEmbedding', backbone: staticEmbedding.create(parsedConfig), config: {}, parsedConfig },
    tokenizer,
    files: await readTokenizerFiles(files, names),
    maxLength: { query: most, document: most },
    truncationSide: truncation.side,
    lowerCase: false,
    parameters: tableParameters(table),
  }
}
