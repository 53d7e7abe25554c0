const isVowel = (letter: string | undefined): boolean => letter !== undefined && 'aeiouy'.includes(letter)
const hasVowel = (text: string): boolean => /[aeiouy]/.test(text)

/** Words that the rules would get wrong. */
const irregular: ReadonlyMap<string, string> = new Map(
  Object.entries({
    skis: 'ski',
    skies: 'sky',
    dying: 'die',
    lying: 'lie',
    tying: 'tie',
    idly: 'idl',
    gently: 'gentl',
    ugly: 'ugli',
    early: 'earli',
    only: 'onli',
    singly: 'singl',
    sky: 'sky',
    news: 'news',
    howe: 'howe',
    atlas: 'atlas',
    cosmos: 'cosmos',
    bias: 'bias',
    andes: 'andes',
  }),
)
const finishedAfterPlural = new Set(['inning', 'outing', 'canning', 'herring', 'earring', 'proceed', 'exceed', 'succeed'])

/** Longest suffix first within each list: only the longest that fits is looked at. */
const step2: readonly (readonly [suffix: string, replacement: string])[] = [
  ['ational', 'ate'],
  ['ization', 'ize'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['tional', 'tion'],
  ['biliti', 'ble'],
  ['lessli', 'less'],
  ['entli', 'ent'],
  ['ation', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['ousli', 'ous'],
  ['iviti', 'ive'],
  ['fulli', 'ful'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['izer', 'ize'],
  ['ator', 'ate'],
  ['alli', 'al'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['li', ''],
]
const step3: readonly (readonly [suffix: string, replacement: string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ative', ''],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
]
const step4 = 'ement ance ence able ible ment ant ent ism ate iti ous ive ize ion al er ic'.split(' ')

/** Where the part begins that follows the first consonant after a vowel. */
function regionAfter(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++) if (!isVowel(word[i]) && isVowel(word[i - 1])) return i + 1
  return word.length
}

/** Vowel and consonant (not w, x, Y) after a consonant, or a vowel that begins a word of two letters. */
function endsInShortSyllable(word: string): boolean {
  const last = word.length - 1
  if (last === 1) return isVowel(word[0]) && !isVowel(word[1])
  return last > 1 && !isVowel(word[last]) && !'wxY'.includes(word[last]) && isVowel(word[last - 1]) && !isVowel(word[last - 2])
}

function removePlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('ied') || word.endsWith('ies')) return word.slice(0, word.length > 4 ? -2 : -1)
  if (word.endsWith('us') || word.endsWith('ss')) return word
  return word.endsWith('s') && hasVowel(word.slice(0, -2)) ? word.slice(0, -1) : word
}

function removePastAndGerund(word: string, r1: number): string {
  for (const suffix of ['eedly', 'eed']) {
    if (word.endsWith(suffix)) return word.length - suffix.length >= r1 ? `${word.slice(0, -suffix.length)}ee` : word
  }
  const suffix = ['ingly', 'edly', 'ing', 'ed'].find((candidate) => word.endsWith(candidate))
  if (!suffix) return word
  const stem = word.slice(0, -suffix.length)
  if (!hasVowel(stem)) return word
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`
  if (/(bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(stem)) return stem.slice(0, -1)
  return r1 >= stem.length && endsInShortSyllable(stem) ? `${stem}e` : stem
}

function replaceSuffix(word: string, list: typeof step2, region: number, allowed: (suffix: string, stem: string) => boolean): string {
  for (const [suffix, replacement] of list) {
    if (!word.endsWith(suffix)) continue
    const stem = word.slice(0, -suffix.length)
    return stem.length >= region && allowed(suffix, stem) ? stem + replacement : word
  }
  return word
}

/**
 * The stem of an English word in lower case (`a`–`z` and apostrophes): `connections` → `connect`.
 * Porter's second stemmer, snowballstem.org/algorithms/english.
 */
export function stemEnglish(original: string): string {
  if (original.length <= 2) return original
  let word = original.replace(/^'/, '')
  const known = irregular.get(word)
  if (known !== undefined) return known
  word = word.replace(/'s?'?$/, '')
  if (word.length <= 2) return word
  // A y that is a consonant is written Y until the end.
  word = word.replace(/(^|[aeiouy])y/g, '$1Y')
  const prefix = /^(gener|commun|arsen)/.exec(word)
  const r1 = prefix ? prefix[0].length : regionAfter(word, 0)
  const r2 = regionAfter(word, r1)
  word = removePlural(word)
  if (finishedAfterPlural.has(word)) return word
  word = removePastAndGerund(word, r1)
  if (word.length > 2 && /[^aeiouy][yY]$/.test(word)) word = `${word.slice(0, -1)}i`
  word = replaceSuffix(word, step2, r1, (suffix, stem) =>
    suffix === 'li' ? /[cdeghkmnrt]$/.test(stem) : suffix === 'ogi' ? stem.endsWith('l') : true,
  )
  word = replaceSuffix(word, step3, r1, (suffix, stem) => suffix !== 'ative' || stem.length >= r2)
  const suffix = step4.find((candidate) => word.endsWith(candidate))
  if (suffix) {
    const stem = word.slice(0, -suffix.length)
    if (stem.length >= r2 && (suffix !== 'ion' || /[st]$/.test(stem))) word = stem
  }
  if (word.endsWith('e')) {
    const stem = word.slice(0, -1)
    if (stem.length >= r2 || (stem.length >= r1 && !endsInShortSyllable(stem))) word = stem
  } else if (word.endsWith('ll') && word.length - 1 >= r2) {
    word = word.slice(0, -1)
  }
  return word.replace(/Y/g, 'y')
}
