import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { imageProcessor } from '@ms/backbones/node'
import { describe, expect, it } from 'vitest'
import { drawsChinese, isFlat, noteMissingFont } from './cjk-font.js'

const run = promisify(execFile)
async function drawn(shape: string) {
  const settings = { resize: 64, crop: [64, 64], interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] } as const
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${shape}</svg>`
  return (await imageProcessor(settings).prepare([Buffer.from(svg)]))[0]
}

/** Fonts of this machine that have Chinese; undefined where nothing tells. */
const chineseFonts = await run('fc-list', [':lang=zh', 'file']).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
)

describe('isFlat', () => {
  it('knows a stroke from a box and from nothing', async () => {
    expect(isFlat(await drawn('<rect x="8" y="30" width="44" height="4"/>'))).toBe(true)
    expect(isFlat(await drawn('<rect x="8" y="8" width="41" height="48" fill="none" stroke="#000" stroke-width="3"/>'))).toBe(false)
    expect(isFlat(await drawn(''))).toBe(false)
  })
})

describe('drawsChinese', () => {
  it.skipIf(chineseFonts === undefined)('is true where a font has it', async () => {
    expect(await drawsChinese()).toBe(chineseFonts !== '')
  })
})

describe('noteMissingFont', () => {
  it('says nothing of texts that need no such font', async () => {
    const notes: string[] = []
    await noteMissingFont(['red heart', 'cœur rouge', '❤'], { note: (line) => notes.push(line) })
    expect(notes).toEqual([])
  })
})
