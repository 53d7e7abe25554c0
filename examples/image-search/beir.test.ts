import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readRetrievalData } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { afterAll, beforeAll, expect, it } from 'vitest'

let out: string
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'ms-beir-'))
})
afterAll(() => rm(out, { recursive: true, force: true }))

const beir = (...words: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', '-C', 'ms-source', join(import.meta.dirname, 'beir.ts'), ...words], {
    cwd: import.meta.dirname,
  })

it('writes a folder a data set, which reads as BEIR', async () => {
  const { stdout } = await beir('--out', out, 'styles')
  expect(stdout).toContain('2396 documents; queries: 1968 train, 254 dev, 516 test')
  const data = await readRetrievalData(directoryFiles(join(out, 'emoji-unseen-style')))
  expect([data.corpus.length, data.qrels.get('test')?.size]).toEqual([3200, 258])
})

it('says what is wrong with its words', async () => {
  await expect(beir('--out', out, 'stiles')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('no task "stiles"') })
  await expect(beir('styles')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--out is missing') })
})
