import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/** `{0}`, menu marks, icons and markup say nothing about the meaning. */
const plain = (text) =>
  text
    .replace(/\$\([\w~-]+\)/g, ' ')
    .replace(/\(&&\w\)/g, '')
    .replaceAll('&&', '')
    .replace(/["'“”‘’]?\{[^}]*\}["'“”‘’]?/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>|`/g, ' ')
    .replace(/https?:\S+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

function add(pairs, english, chinese) {
  const [meaning, text] = [plain(english), plain(chinese)]
  if (/[a-z]{3}/i.test(meaning) && /[\u4e00-\u9fff]/.test(text) && meaning.length <= 600)
    pairs.set(`${text}\0${meaning}`, { text, meaning })
}

const literal = (source) => {
  if (source.startsWith('"')) return JSON.parse(source)
  return source
    .slice(1, -1)
    .replace(/\\(u[0-9a-f]{4}|.)/gi, (_, c) => (c === 'n' ? '\n' : c.length > 1 ? String.fromCharCode(Number.parseInt(c.slice(1), 16)) : c))
}

function* javascriptFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* javascriptFiles(path)
    else if (entry.name.endsWith('.js')) yield path
  }
}

/**
 * An editor's interface in English and Chinese.
 * @param {string} api folder of `@codingame/monaco-vscode-api`: English messages by number, in the code
 * @param {string} pack folder of `@codingame/monaco-vscode-language-pack-zh-hans`: Chinese messages by number
 * @returns {{text: string, meaning: string}[]} Chinese text, English meaning
 */
export function readEditorStrings(api, pack) {
  const pairs = new Map()
  const main = readFileSync(join(pack, 'translations', 'main.i18n.json.js'), 'utf8')
  const messages = JSON.parse(
    main
      .slice(main.indexOf('['), main.lastIndexOf(']') + 1)
      .replace(/^\[\s*undefined/, '[null')
      .replace(/^\tundefined(,?)$/gm, '\tnull$1'),
  )
  for (const path of javascriptFiles(api)) {
    const code = readFileSync(path, 'utf8')
    for (const [, number, source] of code.matchAll(/localize2?\((\d+),\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`$]*`)/g)) {
      const chinese = messages[Number(number)]
      if (typeof chinese === 'string') add(pairs, literal(source), chinese)
    }
  }
  const extensions = join(pack, 'translations', 'extensions')
  for (const file of readdirSync(extensions).sort()) {
    if (!file.endsWith('.json')) continue
    const { contents } = JSON.parse(readFileSync(join(extensions, file), 'utf8'))
    for (const [english, chinese] of Object.entries(contents.bundle ?? {})) add(pairs, english.replace(/\/\{Locked=.*$/, ''), chinese)
  }
  return [...pairs.values()]
}

/**
 * A compiler's messages in English and Chinese.
 * @param {string} folder of the package `typescript`
 */
export function readCompilerMessages(folder) {
  const pairs = new Map()
  const chinese = JSON.parse(readFileSync(join(folder, 'lib', 'zh-cn', 'diagnosticMessages.generated.json'), 'utf8'))
  const code = readFileSync(join(folder, 'lib', 'typescript.js'), 'utf8')
  for (const [, key, source] of code.matchAll(/\bdiag\(\d+, \d+ \/\* \w+ \*\/, "([^"]+)", ("(?:[^"\\]|\\.)*")/g))
    if (chinese[key]) add(pairs, JSON.parse(source), chinese[key])
  return [...pairs.values()]
}

/**
 * Names and keywords of emoji and symbols (Unicode CLDR): all keywords of one symbol together mean the same in both languages.
 * @param {string} folder of the package `cldr-annotations-full`
 */
export function readSymbolNames(folder) {
  const read = (language) =>
    JSON.parse(readFileSync(join(folder, 'annotations', language, 'annotations.json'), 'utf8')).annotations.annotations
  const [english, chinese] = [read('en'), read('zh')]
  const pairs = new Map()
  for (const [symbol, { default: keywords, tts }] of Object.entries(chinese)) {
    const other = english[symbol]
    if (!other?.tts || !tts) continue
    add(pairs, other.tts[0], tts[0])
    if (other.default && keywords) add(pairs, other.default.join(', '), keywords.join('，'))
  }
  return [...pairs.values()]
}

/** Pairs of strings that stand at the same place of two trees. */
function walk(pairs, english, chinese) {
  for (const [key, value] of Object.entries(english ?? {})) {
    const other = chinese?.[key]
    if (typeof value === 'string' && typeof other === 'string') add(pairs, value, other)
    else if (typeof value === 'object' && typeof other === 'object') walk(pairs, value, other)
  }
}

/**
 * An office suite's interface in English and Chinese, with what each spreadsheet function does, once alone and once after its name.
 * @param {string[]} folders of packages `@univerjs/*`
 */
export function readOfficeStrings(folders) {
  const pairs = new Map()
  for (const folder of folders) {
    const read = (language) => {
      const module = require(join(folder, 'lib', 'cjs', 'locale', `${language}.js`))
      return module.default ?? module
    }
    const [english, chinese] = [read('en-US'), read('zh-CN')]
    walk(pairs, english, chinese)
    nameFunctions(pairs, english, chinese)
  }
  return [...pairs.values()]
}

function nameFunctions(pairs, english, chinese) {
  for (const [key, value] of Object.entries(english ?? {})) {
    const other = chinese?.[key]
    if (typeof value !== 'object' || typeof other !== 'object') continue
    if (/^[A-Z][A-Z0-9_.]+$/.test(key) && value.description && other.description) {
      add(pairs, `${key} function: ${value.description}`, `${key} 函数：${other.description}`)
    } else nameFunctions(pairs, value, other)
  }
}

/**
 * A data grid's interface in English and Chinese.
 * @param {string} folder of the package `@ag-grid-community/locale`
 */
export function readGridStrings(folder) {
  const { AG_GRID_LOCALE_EN, AG_GRID_LOCALE_CN } = require(join(folder, 'dist', 'package', 'main.cjs.js'))
  const pairs = new Map()
  walk(pairs, AG_GRID_LOCALE_EN, AG_GRID_LOCALE_CN)
  return [...pairs.values()]
}
