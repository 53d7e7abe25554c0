import type { ImageSource } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import { createEmbedder, embedStream, isExportedDirectory, type Precision } from '@ms/embed/node/serve'
import type { CommandContext } from './command.js'
import type { encodeOptions } from './commands/encode.js'
import { defaultPictureModel } from './default-model.js'
import { takesTexts } from './modality.js'
import { openExported } from './open-embedder.js'
import { pictureDocuments, readableOnly } from './picture-documents.js'
import { progressBar } from './progress-bar.js'
import { openVectorFile } from './vector-file.js'

/** The pictures of a folder, by their names in order. */
export async function encodePictures({ options, terminal, signal }: CommandContext<typeof encodeOptions>): Promise<number> {
  const name = options.model ?? (options.plugin.length > 0 ? undefined : defaultPictureModel)
  const image = await openEncoder(name, { options, terminal, signal })
  const pictures = (await pictureDocuments(options.input)).map(({ id, image: path = '' }) => ({ id, image: path }))
  const kept = await readableOnly(pictures, image, { terminal, signal, strict: options.strict })
  const embedder = await createEmbedder(image, {
    truncateDim: options['truncate-dim'],
    precision: options.precision as Precision | undefined,
    engine: async () => (await import('./open-engine.js')).openEngineFor(options, terminal, signal),
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
    await image.dispose?.()
  }
  const seconds = (performance.now() - start) / 1000
  terminal.note(`${kept.length} vectors of ${dim} in ${options.output} (${seconds.toFixed(1)} s)`)
  const read = new Set(kept)
  const skipped = pictures.filter((picture) => !read.has(picture)).map(({ id }) => id)
  terminal.printJson({ output: options.output, count: kept.length, skipped, dim, space, seconds })
  return 0
}

type PictureEncoder = Encoder<ImageSource> & { readonly batchItems?: number; readonly truncateDim?: number; dispose?(): Promise<void> }

/** An exported model is opened without what other models need. */
async function openEncoder(
  name: string | undefined,
  { options, terminal, signal }: Pick<CommandContext<typeof encodeOptions>, 'options' | 'terminal' | 'signal'>,
): Promise<PictureEncoder> {
  if (name !== undefined && (await isExportedDirectory(name))) {
    const { text, image } = await openExported(name, { options, terminal })
    await text?.dispose()
    if (image) return image
    throw takesTexts(name)
  }
  const { openAnyModel, pictureEncoder } = await import('./open-model.js')
  return pictureEncoder(await openAnyModel(name, { terminal, signal, plugin: options.plugin }), name)
}
