import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Folder of the LibreOffice help collection (BEIR layout), unpacked into the cache from `../shared/data` beside the
 * repository or from the folder MS_TEST_DATA names; undefined where it is not there, and its tests are then skipped.
 */
export function lohelp(language: 'en' | 'zh'): string | undefined {
  const archive = [process.env.MS_TEST_DATA, `${root}../shared/data`]
    .filter(Boolean)
    .map((folder) => `${folder}/lohelp-${language}.tar.xz`)
    .find(existsSync)
  if (!archive) return undefined
  const folder = `${root}.cache/data/lohelp-${language}`
  if (!existsSync(`${folder}/qrels`)) {
    mkdirSync(`${root}.cache/data`, { recursive: true })
    execFileSync('tar', ['xJf', archive, '-C', `${root}.cache/data`])
  }
  return folder
}
