import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Unpacks the packages of a list into a folder, those that are not there yet. Each tarball's checksum must be the
 * recorded one; no package runs code of its own.
 * @param {string} folder
 * @param {string} list file beside package.json: name, version and integrity of each
 * @returns {(name: string) => string} folder of a package
 */
export function openSources(folder, list = 'sources.json') {
  /** @type {{name: string, version: string, integrity: string}[]} */
  const sources = JSON.parse(readFileSync(new URL(`../${list}`, import.meta.url), 'utf8'))
  const where = (name) => join(folder, name.replaceAll('/', '+'))
  mkdirSync(folder, { recursive: true })
  for (const { name, version, integrity } of sources) {
    const target = where(name)
    if (existsSync(join(target, 'package.json'))) {
      const found = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')).version
      if (found === version) continue
      rmSync(target, { recursive: true })
    }
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const [{ filename }] = JSON.parse(
      execFileSync(npm, ['pack', `${name}@${version}`, '--json', '--pack-destination', folder], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 2 ** 28,
      }),
    )
    const tarball = join(folder, filename)
    const digest = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    if (digest !== integrity) throw new Error(`${name}@${version} has the checksum ${digest}, not ${integrity}`)
    rmSync(`${target}.part`, { recursive: true, force: true })
    mkdirSync(`${target}.part`, { recursive: true })
    execFileSync('tar', ['-xzf', tarball, '-C', `${target}.part`, '--strip-components=1'])
    rmSync(tarball)
    renameSync(`${target}.part`, target)
  }
  return where
}
