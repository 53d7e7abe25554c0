import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collections } from './bad-input/collections.js'
import { data } from './bad-input/data.js'
import { models, names } from './bad-input/models.js'
import { numbers, occupied, outputs, training } from './bad-input/options.js'
import { ms } from './ms.js'
import { writeTinyData, writeTinyModel } from './tiny-model.js'

/** Two processes at a time: that is how many processors may be counted on. */
let free = 2
const waiting: (() => void)[] = []
async function oneOfTwo<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
}

const listing = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()

describe('bad input ends with a code, a place and advice, and leaves nothing behind', () => {
  let base: string
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'ms-bad-input-'))
    await writeTinyModel(join(base, 'good/model'))
    await writeTinyData(join(base, 'good/data'))
    const good = join(base, 'good')
    const made = await Promise.all([
      ms('train --model model --data data --out run --epochs 1 --quiet'.split(' '), { cwd: good }),
      ms('index create --model model --collection collection --input data/corpus.jsonl'.split(' '), { cwd: good }),
    ])
    for (const { code, stderr } of made) expect(code, stderr).toBe(0)
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const all = [...data, ...models, ...names, ...numbers, ...training, ...outputs, ...occupied, ...collections]
  it.concurrent.for(all.map((each, i) => ({ ...each, i })))('$name: $code', ({ i, ...each }) =>
    oneOfTwo(async () => {
      const cwd = join(base, String(i))
      await mkdir(cwd)
      for (const name of each.with ?? ['data', 'model']) await cp(join(base, 'good', name), join(cwd, name), { recursive: true })
      await each.spoil?.({
        write: async (name, content) => {
          await mkdir(dirname(join(cwd, name)), { recursive: true })
          await writeFile(join(cwd, name), content)
        },
        edit: async (name, change) => writeFile(join(cwd, name), change(await readFile(join(cwd, name)))),
        remove: (name) => rm(join(cwd, name), { recursive: true }),
      })
      const before = await listing(cwd)
      const { code, stdout, stderr } = await ms(each.words.split(' '), { cwd })
      const message = stderr.split('\n').filter((line) => line.startsWith('error['))
      expect(message, stderr).toHaveLength(1)
      expect(message[0]).toMatch(/^error\[[a-z-]+(\.[a-z-]+)+\]: /)
      expect(message[0]).toContain(`error[${each.code}]: `)
      expect(message[0]).toContain(each.where)
      if (each.says) expect(message[0]).toMatch(each.says)
      expect(message[0], 'advice').toMatch(/\. \S.*/)
      expect(stderr).not.toMatch(/\n\s+at /)
      expect(code).toBe(each.exit ?? 2)
      expect(stdout).toBe('')
      const left = (await listing(cwd)).filter((name) => !before.includes(name))
      expect(left.filter((name) => !each.leaves?.includes(name.split('/')[0]))).toEqual([])
      expect(left.filter((name) => /\.tmp$|^out\/model/.test(name))).toEqual([])
    }),
  )
})
