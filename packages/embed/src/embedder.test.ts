import { memoryFiles, type Progress, row, vectors } from '@ms/core'
import type { Encoder, Engine, Inputs } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embedStream } from './embed-stream.js'
import { createEmbedder } from './embedder.js'
import { encoderSpace } from './encoder-space.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'
import type { SentenceEncoder } from './sentence-encoder.js'

let engine: Engine
let bert: SentenceEncoder
let table: SentenceEncoder
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
  bert = await loadEncoder(tinyEncoder('mean, normalised').files)
  table = await loadEncoder(tinyEncoder('static, normalised').files)
})
afterAll(() => engine?.dispose())

const words = ['the', 'query', 'hello', 'search', 'text', 'end', 'a', 'b c', '12']
const sentences = (count: number, seed = 1) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: 1 + ((i * 7 + seed) % 13) }, (_, j) => words[(i * (j + 3) + seed) % words.length]).join(' '),
  )

/** The same encoder, counting what it is asked for. */
function counting<E extends Encoder<string>>(encoder: E): { encoder: E; prepared: string[]; batches: { items: number; tokens: number }[] } {
  const prepared: string[] = []
  const batches: { items: number; tokens: number }[] = []
  const processor: E['processor'] = {
    prepare: (items, role) => {
      prepared.push(...items)
      return encoder.processor.prepare(items, role)
    },
    collate: (batch) => {
      const inputs: Inputs = encoder.processor.collate(batch)
      batches.push({ items: batch.length, tokens: (inputs['input_ids'] ?? inputs['ids']).data.length })
      return inputs
    },
  }
  return { encoder: { ...encoder, processor }, prepared, batches }
}

describe('createEmbedder', () => {
  it('puts vectors in the order of the items, whatever the batches', async () => {
    const items = sentences(60)
    const alone = await createEmbedder(bert, { engine, batchTokens: 1 })
    const together = await createEmbedder(bert, { engine, batchTokens: 100_000 })
    const [a, b] = [await alone.embed(items), await together.embed(items)]
    for (let i = 0; i < a.data.length; i++) expect(a.data[i]).toBeCloseTo(b.data[i], 5)
    const one = await together.embed([items[41]])
    for (let j = 0; j < one.dim; j++) expect(one.data[j]).toBeCloseTo(row(a, 41)[j], 5)
    await alone.dispose()
    await together.dispose()
  })

  it('fills batches by tokens, not by items', async () => {
    const { encoder, batches } = counting(bert)
    const embedder = await createEmbedder(encoder, { engine, batchTokens: 64, batchItems: 20 })
    await embedder.embed(sentences(100))
    expect(Math.max(...batches.map(({ tokens }) => tokens))).toBeLessThanOrEqual(64)
    expect(new Set(batches.map(({ items }) => items)).size).toBeGreaterThan(2)
    await embedder.dispose()
  })

  it('fills batches as the encoder wants them where nothing else is said', async () => {
    const { encoder, batches } = counting(bert)
    const largest = async (options: { batchTokens?: number }) => {
      batches.length = 0
      const embedder = await createEmbedder({ ...encoder, batchTokens: 32 }, { engine, ...options })
      await embedder.embed(sentences(100))
      await embedder.dispose()
      return Math.max(...batches.map(({ tokens }) => tokens))
    }
    expect(await largest({})).toBeLessThanOrEqual(32)
    expect(await largest({ batchTokens: 64 })).toBeGreaterThan(32)
  })

  it('computes an item once that comes several times', async () => {
    const { encoder, prepared } = counting(table)
    const embedder = await createEmbedder(encoder)
    const found = await embedder.embed(['the', 'query', 'the', 'the', 'query'])
    expect(prepared).toEqual(['the', 'query'])
    expect([...row(found, 2)]).toEqual([...row(found, 0)])
    expect([...row(found, 4)]).toEqual([...row(found, 1)])
    expect([...row(found, 0)]).not.toEqual([...row(found, 1)])
  })

  it('needs no engine for a table, opens one lazily for the rest, and closes the one it opened', async () => {
    const found = await (await createEmbedder(table)).embed(['the query'])
    expect(Math.hypot(...found.data)).toBeCloseTo(1, 6)
    let opened = 0
    let own: Engine | undefined
    const lazy = await createEmbedder(bert, {
      engine: async () => {
        opened++
        own = await createEagerEngine({ backend: 'cpu' })
        return own
      },
    })
    expect(opened).toBe(0)
    await Promise.all([lazy.embed(['a']), lazy.embed(['b c'])])
    expect(opened).toBe(1)
    expect(own!.memory().tensors).toBe(bert.parameters.size)
    await lazy.dispose()
    expect(own!.memory().tensors).toBe(0)
    await expect(lazy.embed(['a'])).rejects.toMatchObject({ code: 'embed.disposed' })
    await expect((await createEmbedder(bert)).embed(['a'])).rejects.toMatchObject({ code: 'embed.engine-missing' })
  })

  it('leaves the engine of its caller alone', async () => {
    const before = engine.memory()
    const embedder = await createEmbedder(bert, { engine })
    await embedder.embed(sentences(5))
    await embedder.dispose()
    await embedder.dispose()
    expect(engine.memory()).toEqual(before)
  })

  it('truncates, normalises and rounds as asked', async () => {
    const items = sentences(4)
    const whole = await (await createEmbedder(table)).embed(items)
    const cut = await (await createEmbedder(table, { truncateDim: 5 })).embed(items)
    expect(cut.dim).toBe(5)
    expect([...row(cut, 2)]).toEqual([...row(whole, 2).subarray(0, 5)])
    const unit = await (await createEmbedder(table, { truncateDim: 5, normalize: true })).embed(items)
    expect(Math.hypot(...row(unit, 2))).toBeCloseTo(1, 6)
    const rounded = await (await createEmbedder(table, { precision: 'int8' })).embed(items)
    expect(rounded.data.every((value, i) => Math.abs(value - whole.data[i]) < 0.005)).toBe(true)
    expect([...rounded.data]).not.toEqual([...whole.data])
    const signs = await (await createEmbedder(table, { precision: 'binary' })).embed([items[0], ''])
    expect(new Set([...row(signs, 0)].map(Math.abs)).size).toBe(1)
    expect([...row(signs, 1)]).toEqual(Array(12).fill(0))
  })

  it('gives an empty text a zero vector from a table, and no items no vectors', async () => {
    const embedder = await createEmbedder(table)
    expect([...(await embedder.embed(['', ' \n'])).data]).toEqual(Array(24).fill(0))
    expect(await embedder.embed([])).toEqual({ data: new Float32Array(0), count: 0, dim: 12 })
    const network = await createEmbedder(bert, { engine })
    expect(await network.embed([])).toEqual({ data: new Float32Array(0), count: 0, dim: 12 })
    expect(Math.hypot(...(await network.embed([''])).data)).toBeCloseTo(1, 5)
    await network.dispose()
  })

  it('stops when it is told to, and can be used again', async () => {
    const embedder = await createEmbedder(bert, { engine, batchTokens: 8 })
    const stop = new AbortController()
    const running = embedder.embed(sentences(400), { signal: stop.signal, onProgress: ({ done }) => done > 20 && stop.abort() })
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    await expect(embedder.embed(['a'], { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect((await embedder.embed(['a'])).count).toBe(1)
    await embedder.dispose()
  })

  it('says how far it is, counting every item', async () => {
    const seen: Progress[] = []
    const items = [...sentences(30), ...sentences(10)]
    await (await createEmbedder(table, { batchItems: 7 })).embed(items, { onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)).toEqual({ done: 40, total: 40, unit: 'items' })
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b))
  })

  it('names the item whose vector is not finite', async () => {
    const [name] = table.parameters.keys()
    const { shape, data } = table.parameters.get(name)!
    const id = (await table.processor.prepare(['hello'], 'document'))[0].ids[0]
    const broken = data.slice()
    broken[id * shape[1]] = Number.NaN
    const embedder = await createEmbedder(table.withParameters(new Map([[name, { shape, data: broken }]])))
    const failing = embedder.embed(['the', 'query', 'the hello'])
    await expect(failing).rejects.toMatchObject({ code: 'embed.not-finite', where: 'item 2', kind: 'failure' })
    expect((await embedder.embed(['the'])).count).toBe(1)
  })

  it('refuses what is no text, and options out of range', async () => {
    const embedder = await createEmbedder(table)
    for (const item of [undefined, null, 7, {}]) {
      await expect(embedder.embed(['the', item as string])).rejects.toMatchObject({ code: 'encoder.item' })
    }
    for (const options of [{ batchTokens: 0 }, { batchItems: 1.5 }, { truncateDim: -1 }]) {
      await expect(createEmbedder(table, options)).rejects.toMatchObject({ code: 'embed.option', where: Object.keys(options)[0] })
    }
  })

  it('holds no more after 1,000 batches than after one', async () => {
    const embedder = await createEmbedder(bert, { engine, batchItems: 1 })
    await embedder.embed(['the'])
    const before = engine.memory()
    const items = Array.from({ length: 1100 }, (_, i) => `${i}`)
    expect((await embedder.embed(items)).count).toBe(1100)
    expect(engine.memory()).toEqual(before)
    await embedder.dispose()
  })
})

describe('encoderSpace', () => {
  const space = (encoder: SentenceEncoder) => encoderSpace(encoder)

  it('is the same wherever the model lies, and for equal files only', async () => {
    const { files } = tinyEncoder('mean, normalised')
    const copy: Record<string, Uint8Array> = {}
    for (const name of await files.list()) copy[name] = await files.read(name)
    expect(await space(await loadEncoder(memoryFiles(copy, 'elsewhere')))).toBe(await space(bert))
    expect(await space(bert)).toMatch(/^[0-9a-f]{64}$/)
    const names = ['older layout', 'pooling cls', 'prompts', 'max_seq_length', 'static', 'static, normalised', 'mean, normalised']
    const spaces = await Promise.all(names.map(async (name) => space(await loadEncoder(tinyEncoder(name).files))))
    expect(new Set(spaces).size).toBe(names.length)
  })

  it('changes with how texts are tokenised, not with how they are padded', async () => {
    const { files } = tinyEncoder('mean, normalised')
    const changed = async (file: string, change: (json: Record<string, unknown>) => Record<string, unknown>) => {
      const copy: Record<string, Uint8Array | string> = {}
      for (const name of await files.list()) copy[name] = await files.read(name)
      copy[file] = JSON.stringify(change(JSON.parse(new TextDecoder().decode(await files.read(file)))))
      return space(await loadEncoder(memoryFiles(copy)))
    }
    const own = await space(bert)
    expect(await changed('tokenizer.json', (json) => ({ ...json, padding: null, truncation: null }))).toBe(own)
    expect(
      await changed('tokenizer.json', (json) => ({ ...json, normalizer: { ...(json['normalizer'] as object), strip_accents: false } })),
    ).not.toBe(own)
    expect(
      await changed('tokenizer_config.json', (json) => ({ ...json, tokenizer_class: 'BertTokenizer', do_lower_case: false })),
    ).not.toBe(own)
  })

  it('reads a vocabulary without a tokenizer.json', async () => {
    const { files, texts, expected } = tinyEncoder('mean, normalised')
    const copy: Record<string, Uint8Array | string> = {}
    for (const name of await files.list()) copy[name] = await files.read(name)
    const { model } = JSON.parse(new TextDecoder().decode(await files.read('tokenizer.json'))) as {
      model: { vocab: Record<string, number> }
    }
    const tokens = Object.entries(model.vocab).sort(([, a], [, b]) => a - b)
    copy['vocab.txt'] = tokens.map(([token]) => token).join('\n')
    delete copy['tokenizer.json']
    const encoder = await loadEncoder(memoryFiles(copy))
    const embedder = await createEmbedder(encoder, { engine })
    const found = await embedder.embed(texts, { role: 'query' })
    for (const [i, value] of expected[0].vectors.entries()) expect(found.data[i]).toBeCloseTo(value, 5)
    await embedder.dispose()
    delete copy['vocab.txt']
    copy['vocab.txt'] = [...tokens.slice(0, -1).map(([token]) => token), 'other'].join('\n')
    expect(await space(await loadEncoder(memoryFiles(copy)))).not.toBe(await space(encoder))
  })

  it('changes with one weight, with truncation, and with what is done to the vectors', async () => {
    const moved = bert.withParameters(
      new Map(
        [...bert.parameters].map(([name, { shape, data }], i) => [
          name,
          { shape, data: i === 3 ? data.map((x, j) => (j === 2 ? x + 1e-6 : x)) : data },
        ]),
      ),
    )
    const embedders = await Promise.all([
      createEmbedder(bert, { engine }),
      createEmbedder(moved, { engine }),
      createEmbedder(bert, { engine, truncateDim: 6 }),
      createEmbedder(bert, { engine, normalize: true }),
      createEmbedder(bert, { engine, precision: 'int8' }),
      createEmbedder(await loadEncoder(tinyEncoder('mean, normalised').files, { maxLength: 12 }), { engine }),
    ])
    expect(new Set(embedders.map((embedder) => embedder.space)).size).toBe(embedders.length)
    expect((await createEmbedder(bert, { engine, batchTokens: 9 })).space).toBe(embedders[0].space)
  })
})

describe('embedStream', () => {
  it('passes items through in chunks, in order', async () => {
    const embedder = await createEmbedder(table)
    const items = sentences(25)
    async function* source() {
      yield* items
    }
    const whole = await embedder.embed(items)
    let at = 0
    const sizes: number[] = []
    for await (const chunk of embedStream(embedder, source(), { chunkItems: 10 })) {
      sizes.push(chunk.items.length)
      expect(chunk.items).toEqual(items.slice(at, at + chunk.items.length))
      expect([...chunk.vectors.data]).toEqual([...whole.data.subarray(at * 12, (at + chunk.items.length) * 12)])
      at += chunk.items.length
    }
    expect(sizes).toEqual([10, 10, 5])
    for await (const _ of embedStream(embedder, [])) expect.fail('there is nothing to embed')
  })

  /** Answers when it is told to, in any order. */
  function slowEmbedder(concurrency: number) {
    const waiting: (() => void)[] = []
    const embed = async (items: readonly number[]) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return vectors(Float32Array.from(items), items.length, 1)
    }
    return { waiting, embedder: { dim: 1, space: 'numbers', concurrency, embed } }
  }
  const tick = () => new Promise((resolve) => setTimeout(resolve, 0))

  it('has as many chunks at a time as the embedder wants, and gives them in order', async () => {
    const { waiting, embedder } = slowEmbedder(3)
    const stream = embedStream(embedder, Array(20).keys(), { chunkItems: 2 })
    const found: number[] = []
    let ended = false
    const reading = (async () => {
      for await (const { vectors } of stream) found.push(...vectors.data)
      ended = true
    })()
    await tick()
    expect(waiting).toHaveLength(3)
    while (!ended) {
      expect(waiting.length).toBeLessThanOrEqual(3)
      // The last that was asked first.
      waiting.pop()?.()
      await tick()
    }
    await reading
    expect(found).toEqual([...Array(20).keys()])
  })

  it('gives what was read before a source fails, and closes a source that is left', async () => {
    let closed = false
    async function* source() {
      try {
        for (let i = 0; ; i++) {
          if (i === 5) throw new RangeError('broken line')
          yield i
        }
      } finally {
        closed = true
      }
    }
    const embedder = {
      ...slowEmbedder(4).embedder,
      embed: async (items: readonly number[]) => vectors(Float32Array.from(items), items.length, 1),
    }
    const found: number[] = []
    const reading = (async () => {
      for await (const { vectors } of embedStream(embedder, source(), { chunkItems: 2 })) found.push(...vectors.data)
    })()
    await expect(reading).rejects.toThrow('broken line')
    expect([...found, closed]).toEqual([0, 1, 2, 3, true])
    closed = false
    for await (const _ of embedStream(embedder, source(), { chunkItems: 2 })) break
    expect(closed).toBe(true)
  })
})
