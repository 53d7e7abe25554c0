import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ms } from '../command/ms.js'
import { lohelp } from './lohelp.js'

/** What `ms train` with nothing but defaults must reach with ms-mini-text, test split, nDCG@10. */
const least = { en: { dense: 0.56, hybrid: 0.62 }, zh: { dense: 0.46, hybrid: 0.57 } }
/** Seconds of training on two cores. */
const longest = 90

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-train-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function json(...words: string[]) {
  const { code, stdout, stderr } = await ms([...words, '--json'])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

describe('ms train with nothing but defaults', () => {
  for (const language of ['en', 'zh'] as const) {
    const data = lohelp(language)
    const { dense, hybrid } = least[language]
    it.skipIf(!data)(
      `reaches nDCG@10 ${dense}, ${hybrid} with BM25, on lohelp-${language} within ${longest} s`,
      async () => {
        const run = join(folder, language)
        const { seconds } = await json('train', '--data', data ?? '', '--out', run)
        expect(seconds).toBeLessThanOrEqual(longest)
        const reached = async (mode: string) =>
          (await json('eval', '--model', run, '--data', data ?? '', '--mode', mode)).metrics['ndcg@10']
        expect(await reached('dense')).toBeGreaterThanOrEqual(dense)
        expect(await reached('hybrid')).toBeGreaterThanOrEqual(hybrid)
      },
      300_000,
    )
  }
})
