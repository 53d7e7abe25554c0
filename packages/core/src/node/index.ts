export { replaceDirectory, restoreDirectory, writeFileAtomic } from './atomic-write.js'
export { directoryFiles } from './directory-files.js'
