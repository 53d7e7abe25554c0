import { createEmbedder, embedStream, type Precision } from '@ms/embed'
import type { CommandContext } from './command.js'
import type { encodeOptions } from './commands/encode.js'
import { defaultPictureModel } from './default-model.js'
import { openEngineFor } from './open-engine.js'
import { openAnyModel, pictureEncoder } from './open-model.js'
import { pictureDocuments, readableOnly } from './picture-documents.js'
import { progressBar } from './progress-bar.js'
import { openVectorFile } from './vector-file.js'

/** The pictures of a folder, by their names in order. */
export async function encodePictures({ options, terminal, signal }: CommandContext<typeof encodeOptions>): Promise<number> {
  const name = options.model ?? (options.plugin.length > 0 ? undefined : defaultPictureModel)
  const image = pictureEncoder(await openAnyModel(name, { terminal, signal, plugin: options.plugin }), name)
  const pictures = (await pictureDocuments(options.input)).map(({ id, image: path = '' }) => ({ id, image: path }))
  const kept = await readableOnly(pictures, image, { terminal, signal, strict: options.strict })
  const embedder = await createEmbedder(image, {
    truncateDim: options['truncate-dim'],
    precision: options.precision as Precision | undefined,
    engine: () => openEngineFor(options, terminal, signal),
  })
  const { dim, space } = embedder
  const progress = progressBar(terminal, 'encode')
  const start = performance.now()
  try {
    const signature = JSON.stringify({ space, dim, pictures: kept.map(({ id }) => id) })
    const file = await openVectorFile(options.output, { dim, signature, resume: options.resume })
    try {
      let count = file.present.length
      const rest = kept.slice(count)
      const chunks = embedStream(
        embedder,
        rest.map(({ image: path }) => path),
        { chunkItems: 256, signal },
      )
      for await (const { vectors } of chunks) {
        const ids = rest.splice(0, vectors.count).map(({ id }) => id)
        await file.append(ids, vectors)
        count += ids.length
        progress.update(count, kept.length)
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
  terminal.note(`${kept.length} vectors of ${dim} in ${options.output} (${seconds.toFixed(1)} s)`)
  terminal.printJson({ output: options.output, count: kept.length, skipped: pictures.length - kept.length, dim, space, seconds })
  return 0
}
