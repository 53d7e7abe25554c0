/** What a model's name means and where its files are, without the networks that compute it. */
export { type Preset, presets } from '../hub/presets.js'
export { type HubFilesOptions, hubFiles } from './hub-files.js'
