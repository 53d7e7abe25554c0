export { cacheFolder, type Environment } from './cache-folder.js'
export { type HubFilesOptions, hubFiles } from './hub-files.js'
