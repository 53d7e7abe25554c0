import { stat } from 'node:fs/promises'
import { MsError, type Role } from '@ms/core'
import { embedStream, type Precision } from '@ms/embed/node/serve'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption } from '../compute-options.js'
import { openEmbedder } from '../open-embedder.js'
import type { OptionSpecs } from '../option-values.js'
import { progressBar } from '../progress-bar.js'
import { countLines, type Item, lineBlocks, readItems } from '../read-items.js'
import { openVectorFile } from '../vector-file.js'

export const encodeOptions = {
  model: {
    type: 'string',
    value: 'M',
    help: 'a preset, hub id, folder or finished run (default: ms-mini-text, of a folder of pictures ms-mini-image)',
  },
  input: {
    type: 'string',
    value: 'FILE|DIR',
    help: '.jsonl (_id, text, title), .txt (a text a line), or a folder of pictures',
    required: true,
  },
  output: { type: 'string', value: 'FILE.npy', help: 'float32 vectors in input order; FILE.ids.txt beside it', required: true },
  role: { type: 'string', choices: ['query', 'document'], help: 'which prompt the model puts before a text (default: document)' },
  'truncate-dim': { type: 'integer', min: 1, value: 'N', help: 'keep the first N components' },
  precision: { type: 'string', choices: ['float32', 'int8', 'binary'], help: 'round the components (default: float32)' },
  resume: { type: 'boolean', help: 'go on where an interrupted run of the same command stopped' },
  strict: { type: 'boolean', help: 'stop at a picture that cannot be read (default: leave it out, and say so at the end)' },
  ...pluginOption,
  ...computeOptions,
} as const satisfies OptionSpecs

export const encode = defineCommand({
  name: 'encode',
  summary: 'Turn texts or pictures into vectors',
  usage: '--model M --input FILE|DIR --output FILE.npy',
  options: encodeOptions,
  examples: ['ms encode --model ms-mini-text --input corpus.jsonl --output corpus.npy'],
  run: async (context) => {
    const { options, terminal, signal } = context
    const role: Role = options.role === 'query' ? 'query' : 'document'
    const input = await stat(options.input).catch(() => undefined)
    // What reads pictures is loaded only for pictures.
    if (input?.isDirectory()) return (await import('../encode-pictures.js')).encodePictures(context)
    const embedder = await openEmbedder(options.model, {
      options,
      terminal,
      signal,
      embedder: { truncateDim: options['truncate-dim'], precision: options.precision as Precision | undefined },
    })
    const { dim, space } = embedder
    const progress = progressBar(terminal, 'encode')
    const start = performance.now()
    let count = 0
    try {
      const total = terminal.live && input ? await lineCount(options.input) : 0
      const signature = JSON.stringify({ space, dim, role, input: { bytes: input?.size, changed: input?.mtimeMs } })
      const ids: string[] = []
      // The first item is read before there is a file: input that cannot be read leaves nothing behind.
      const items = await started(readItems(options.input))
      const file = await openVectorFile(options.output, { dim, signature, resume: options.resume })
      try {
        count = file.present.length
        const texts = remaining(items, file.present, ids, options.input)
        const chunks = embedStream(embedder, texts, { role, chunkItems, signal })
        for await (const { vectors } of chunks) {
          await file.append(ids.splice(0, vectors.count), vectors)
          count += vectors.count
          progress.update(count, Math.max(count, total))
        }
        await file.finish()
      } finally {
        await file.close()
      }
    } finally {
      progress.end()
      await embedder.dispose()
    }
    const seconds = (performance.now() - start) / 1000
    terminal.note(`${count} vectors of ${dim} in ${options.output} (${seconds.toFixed(1)} s)`)
    terminal.printJson({ output: options.output, count, dim, space, seconds })
    return 0
  },
})

/** Items that are sorted by length and embedded together; what is written after them is what `--resume` keeps. */
const chunkItems = 2048

async function lineCount(path: string): Promise<number> {
  let count = 0
  for await (const { bytes } of lineBlocks(path)) count += countLines(bytes)
  return count
}

/** The same items, of which the first is there already. */
async function started(items: AsyncGenerator<Item>): Promise<AsyncGenerator<Item>> {
  const first = await items.next()
  return (async function* () {
    if (!first.done) yield first.value
    yield* items
  })()
}

/** The texts behind those that are there, with their ids in `ids`. @throws `encode.resume` where the ones before are others */
async function* remaining(items: AsyncIterable<Item>, present: readonly string[], ids: string[], where: string): AsyncGenerator<string> {
  let at = 0
  for await (const { id, text } of items) {
    if (at < present.length && id !== present[at]) {
      throw new MsError('encode.resume', `item ${at + 1} is ${id}, and was ${present[at]} when the interrupted run read it`, {
        where,
        advice: 'Leave --resume out to begin anew.',
      })
    }
    if (at++ < present.length) continue
    ids.push(id)
    yield text
  }
}
