import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The first that has all that is used here. */
const least = [1, 30]

/**
 * What is wrong with an onnxruntime-node, as a phrase, before its library is loaded: an old one fails later without saying why, and one that was
 * cut off while it was copied ends the whole process (SIGBUS). Undefined where nothing is.
 * @param main path of its main module, `…/onnxruntime-node/dist/index.js`
 */
export function whatIsWrongWith(main: string): string | undefined {
  const root = dirname(dirname(main))
  try {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const [major, minor] = version.split('.').map(Number)
    if (major < least[0] || (major === least[0] && minor < least[1])) return `version ${version} is too old, ${least.join('.')} is needed`
    if (process.platform !== 'linux') return undefined
    const folder = join(root, 'bin', 'napi-v6', 'linux', process.arch)
    const short = readdirSync(folder).find((name) => isCutOff(join(folder, name)))
    return short === undefined ? undefined : `${short} is not whole`
  } catch {
    // Another layout, or nothing there: loading it says what is missing.
    return undefined
  }
}

/** Whether an ELF library of 64 bits is shorter than its header says: its table of sections stands at the end. */
function isCutOff(path: string): boolean {
  const header = Buffer.alloc(64)
  const file = openSync(path, 'r')
  try {
    if (readSync(file, header, 0, 64, 0) < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2) return false
  } finally {
    closeSync(file)
  }
  const sections = Number(header.readBigUInt64LE(0x28)) + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c)
  return statSync(path).size < sections
}
