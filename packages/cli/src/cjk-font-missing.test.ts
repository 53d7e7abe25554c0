import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drawsChinese, noteMissingFont } from './cjk-font.js'

// A file of its own: fonts are looked up once in a process.
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-font-'))
  const fonts = join(folder, 'fonts.conf')
  await writeFile(fonts, `<?xml version="1.0"?><fontconfig><cachedir>${join(folder, 'cache')}</cachedir></fontconfig>`)
  process.env['FONTCONFIG_FILE'] = fonts
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it.skipIf(process.platform !== 'linux')('misses a font where there is none at all, and says once what to install', async () => {
  expect(await drawsChinese()).toBe(false)
  const notes: string[] = []
  await noteMissingFont(['red heart', '红心', 'ハート', '蓝心'], { note: (line) => notes.push(line) })
  expect(notes).toEqual([expect.stringContaining('fonts-noto-cjk')])
})
