import type { ModelFiles } from '@ms/core'
import { subFiles } from './modules/module-list.js'
import { pluginFile } from './plugged/plugin-file.js'

/** Where a model of texts and pictures has its two encoders. */
export const towerFolders = { text: 'text', image: 'image' } as const

const has = (names: ReadonlySet<string>, folder: string) =>
  ['modules.json', 'config.json', pluginFile].some((name) => names.has(`${folder}/${name}`))

/** Whether there are two encoders in `text/` and `image/`. */
export const hasTowers = (names: ReadonlySet<string>): boolean => has(names, towerFolders.text) && has(names, towerFolders.image)

/** The files of the encoder of texts: those in `text/` where there are two encoders, else all. */
export async function textTower(files: ModelFiles): Promise<ModelFiles> {
  return hasTowers(new Set(await files.list())) ? subFiles(files, towerFolders.text) : files
}
