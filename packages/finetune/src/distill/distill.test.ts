import { type Embedder, memoryFiles, seededRandom, type Vectors, vectors } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { type DistillTokenizer, distill } from './distill.js'
import { tokenText } from './token-text.js'
import { packTokens } from './tokenized-texts.js'

const english = Array.from({ length: 40 }, (_, i) => `word${i}`)
const foreign = english.map((_, i) => `mot${i}`)
const words = ['[UNK]', ...english, ...foreign]
const width = 24

/** A bag of words with a random vector each: a teacher that a table can learn exactly, and that knows no foreign word. */
function bagTeacher(): Embedder & { calls: number } {
  const random = seededRandom(11)
  const known = new Map(english.map((word) => [word, Float32Array.from({ length: width }, () => random.normal())]))
  const teacher = {
    calls: 0,
    dim: width,
    space: 'bag',
    embed: async (texts: readonly string[]): Promise<Vectors> => {
      teacher.calls++
      const data = new Float32Array(texts.length * width)
      texts.forEach((text, i) => {
        for (const word of text.split(' ')) {
          const vector = known.get(word)
          for (let k = 0; vector && k < width; k++) data[i * width + k] += vector[k]
        }
        const length = Math.hypot(...data.subarray(i * width, (i + 1) * width)) || 1
        for (let k = i * width; k < (i + 1) * width; k++) data[k] /= length
      })
      return vectors(data, texts.length, width)
    },
  }
  return teacher
}

const tokenizer: DistillTokenizer = {
  vocabularySize: words.length,
  token: (id) => words[id],
  encodeBatch: (texts, { maxLength }) =>
    packTokens(
      texts.map((text) =>
        text
          .split(' ')
          .filter(Boolean)
          .map((word) => Math.max(0, words.indexOf(word))),
      ),
      maxLength,
    ),
}

function someTexts(from: readonly string[], count: number, name: string): string[] {
  const random = seededRandom(5).fork(name)
  return Array.from({ length: count }, () =>
    Array.from({ length: 2 + random.integer(6) }, () => from[random.integer(from.length)]).join(' '),
  )
}

const translate = (text: string) => text.replaceAll('mot', 'word')

function embed(table: Float32Array, dim: number, text: string): number[] {
  const { ids } = tokenizer.encodeBatch([text], { addSpecialTokens: false, maxLength: 99 })
  const sum = Array.from({ length: dim }, (_, k) => ids.reduce((total, id) => total + table[id * dim + k], 0))
  const length = Math.hypot(...sum)
  return sum.map((value) => value / length)
}

const cosine = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)

describe('distill', () => {
  const texts = [
    { name: 'english', texts: someTexts(english, 600, 'a') },
    { name: 'foreign', texts: someTexts(foreign, 300, 'b'), meanings: someTexts(foreign, 300, 'b').map(translate) },
  ]
  const settings = { tokenizer, texts, dim: width, batchSize: 32, epochs: 12, learningRate: 0.05, seed: 4 }

  it('learns a teacher that a table can express, and another language through meanings', async () => {
    const dictionary = new Map(foreign.slice(0, 20).map((word) => [word, translate(word)]))
    const { parameters, losses } = await distill({ ...settings, teacher: bagTeacher(), dictionary })
    const { data, shape } = parameters.get('embedding.weight')!
    expect(shape).toEqual([words.length, width])
    expect(losses[losses.length - 1]).toBeLessThan(0.05)
    const unseen = someTexts(foreign, 40, 'c')
    const documents = unseen.map((text) => embed(data, width, translate(text)))
    unseen.forEach((text, i) => {
      const query = embed(data, width, text)
      const scores = documents.map((document) => cosine(query, document))
      expect(scores[i]).toBeGreaterThan(0.9)
      expect(scores[i]).toBe(Math.max(...scores))
    })
    // A token that stands for no text stays zero, whatever texts hold it.
    expect([...data.subarray(0, width)].every((value) => value === 0)).toBe(true)
  })

  it('gives the same table for the same seed, another for another', async () => {
    const table = async (seed: number) =>
      (await distill({ ...settings, epochs: 1, seed, teacher: bagTeacher() })).parameters.get('embedding.weight')!.data
    const first = await table(1)
    expect(await table(1)).toEqual(first)
    expect(await table(2)).not.toEqual(first)
  })

  it('asks the teacher nothing that the cache knows', async () => {
    const cache = memoryFiles()
    const teacher = bagTeacher()
    const first = await distill({ ...settings, epochs: 1, teacher, cache })
    const { calls } = teacher
    expect(calls).toBeGreaterThan(0)
    const second = await distill({ ...settings, epochs: 1, teacher, cache })
    expect(teacher.calls).toBe(calls)
    expect(second.parameters).toEqual(first.parameters)
    // A block that was cut short is computed again, not trusted.
    const [name] = await cache.list()
    await cache.write(name, (await cache.read(name)).slice(4))
    await distill({ ...settings, epochs: 1, teacher, cache })
    expect(teacher.calls).toBe(calls + 1)
  })

  it('says what is wrong with its input', async () => {
    const teacher = bagTeacher()
    await expect(distill({ ...settings, teacher, texts: [] })).rejects.toMatchObject({ code: 'distill.no-texts' })
    await expect(distill({ ...settings, teacher, texts: [{ name: 'x', texts: ['a'], meanings: [] }] })).rejects.toMatchObject({
      code: 'distill.meanings',
      where: 'x',
    })
    await expect(distill({ ...settings, teacher, dim: width + 1 })).rejects.toMatchObject({ code: 'distill.dim' })
    await expect(distill({ ...settings, teacher, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const broken: Embedder = {
      dim: width,
      space: 'broken',
      embed: async (items) => vectors(new Float32Array(items.length * width).fill(Number.NaN), items.length, width),
    }
    await expect(distill({ ...settings, teacher: broken })).rejects.toMatchObject({ code: 'distill.teacher' })
  })
})

describe('tokenText', () => {
  it('takes the marks off and leaves tokens without a text out', () => {
    const cases = { '##ing': 'ing', '▁word': 'word', Ġword: 'word', 'word</w>': 'word', word: 'word', 词: '词', '##': '##', '[': '[' }
    for (const [token, text] of Object.entries(cases)) expect(tokenText(token)).toBe(text)
    for (const token of ['[CLS]', '[unused12]', '<pad>', '</s>', '<|endoftext|>', '▁']) expect(tokenText(token)).toBeUndefined()
  })
})
