export {
  type Collection,
  type CollectionContents,
  type CollectionManifest,
  openCollection,
  readCollectionManifest,
  saveCollection,
} from './save-collection.js'
export { type OpenLexicalIndexOptions, openLexicalIndex, saveLexicalIndex } from './save-lexical-index.js'
export { type OpenVectorIndexOptions, openVectorIndex, saveVectorIndex } from './save-vector-index.js'
