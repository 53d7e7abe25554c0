export { replaceDirectory, restoreDirectory, writeFileAtomic } from './atomic-write.js'
export { cacheFolder, type Environment } from './cache-folder.js'
export { directoryFiles } from './directory-files.js'
export { makeDirectory } from './make-directory.js'
