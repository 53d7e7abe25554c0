import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sets } from './sets.mjs'

/** @typedef {{ concept: string, set: string, svg: string, part: 'train' | 'dev' }} Drawing */

/** How much of a name says how a thing is drawn and not what it is. */
const manner =
  /(^|-)(fill(ed)?|outlined?|bold|duotone|thin|light|linear|broken|rounded|round|sharp|flat|colou?r|duo|solid|regular|line|twotone|alt|variant|icon|\d+)$/

/** Code point of an emoji of one, as hex digits without leading zeros; of a sequence nothing. */
const codeOf = (hexcode) => (hexcode.includes('-') ? undefined : Number.parseInt(hexcode, 16).toString(16))
const letters = (text) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/**
 * The part of an emoji by its code point, as examples/image-search splits them. What falls into `test` is what pictures are searched with
 * when this model is measured: no drawing of it may be read here.
 * @param {string} code
 */
function partOf(code) {
  const share = createHash('sha1').update(`emoji-v1\0${code}`).digest().readUInt32BE(0) % 100
  return share < 20 ? 'test' : share < 30 ? 'dev' : 'train'
}

/** One thing each: no sequences, flags, or parts that people are put together of. */
const single = ({ hexcode, group }) => group !== undefined && group !== 2 && group !== 9 && !hexcode.includes('-')

/**
 * Drawings of things in many hands: each emoji in several styles, and the icons of other sets that have a name in common. Icons named like
 * an emoji of the test part or of the dev part are left out, as are the emoji of the test part.
 *
 * @param {(name: string) => string} where folder of a package
 * @returns {Drawing[]}
 */
export function readDrawings(where) {
  const emoji = JSON.parse(readFileSync(join(where('emojibase-data'), 'en/data.json'), 'utf8')).filter(single)
  const byCode = new Map(emoji.map((each) => [codeOf(each.hexcode), each]))
  const byLabel = new Map(emoji.map((each) => [letters(each.label), each]))
  const heldOut = emoji.filter(({ hexcode }) => partOf(codeOf(hexcode)) !== 'train').map(({ label }) => words(label))

  /** @type {Drawing[]} */
  const drawings = []
  const icons = []
  for (const { name: set, kind, variants = 1 } of sets) {
    const folder = where(`@iconify-json/${set}`)
    const json = JSON.parse(readFileSync(join(folder, 'icons.json'), 'utf8'))
    const svg = svgOf(json)
    if (kind === 'emoji') {
      const named = new Map(
        Object.entries(JSON.parse(readFileSync(join(folder, 'chars.json'), 'utf8'))).map(([code, name]) => [name, code]),
      )
      const seen = new Set()
      for (const name of Object.keys(json.icons)) {
        const code = named.get(name)
        const found = (code && byCode.get(codeOf(code))) ?? byLabel.get(letters(name))
        if (!found || seen.has(found.hexcode)) continue
        const part = partOf(codeOf(found.hexcode))
        if (part === 'test') continue
        seen.add(found.hexcode)
        drawings.push({ concept: part === 'dev' ? `dev ${found.hexcode}` : key(words(found.label)), set, svg: svg(name), part })
      }
    } else {
      const taken = new Map()
      for (const name of Object.keys(json.icons)) {
        const concept = stripped(name)
        const count = taken.get(concept) ?? 0
        if (count >= variants || !/[a-z]/.test(concept)) continue
        const own = concept.split('-')
        if (heldOut.some((label) => covers(own, label) || covers(label, own))) continue
        taken.set(concept, count + 1)
        icons.push({ concept: key(own), set, svg: svg(name), part: 'train' })
      }
    }
  }
  const inSets = new Map()
  for (const { concept, set } of [...drawings, ...icons]) inSets.set(concept, (inSets.get(concept) ?? new Set()).add(set))
  // Two sets that agree on a word may mean two things by it; three mean one more often.
  return [...drawings, ...icons.filter(({ concept }) => inSets.get(concept).size > 2)]
}

const words = (label) =>
  label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
    .split(' ')
const key = (all) => [...all].sort().join(' ')
const covers = (some, others) => some.every((word) => others.includes(word))

function stripped(name) {
  let short = name
  for (let before = ''; before !== short; ) {
    before = short
    short = short.replace(manner, '')
  }
  return short
}

/** An icon as a file; of one without colours the strokes are black. */
function svgOf({ icons, width = 16, height = 16, left = 0, top = 0 }) {
  return (name) => {
    const icon = { left, top, width, height, ...icons[name] }
    const box = [icon.left, icon.top, icon.width, icon.height].join(' ')
    return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="#000" width="64" height="64" viewBox="${box}">${icon.body}</svg>`
  }
}
