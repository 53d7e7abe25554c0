import {
  documentText,
  type Embedder,
  type EmbedOptions,
  type ImageSource,
  MsError,
  type OnProgress,
  pictureOf,
  type RetrievalData,
  type Vectors,
  vectors,
} from '@ms/core'

/** What embeds texts, or pictures, or both into one space: `createModelEmbedders` makes such a pair. An embedder alone is one of texts. */
export type RetrievalEmbedder = Embedder<string> | { readonly text?: Embedder<string>; readonly image?: Embedder<ImageSource> }

/** What can be embedded of a query or a document. */
export interface Content {
  readonly id: string
  readonly text?: string
  /** Path of a picture. */
  readonly image?: string
}

export interface EmbedCorpusOptions {
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** Vectors of a corpus, in its order: made once and used for several splits. */
export interface EmbeddedCorpus {
  readonly ids: readonly string[]
  readonly vectors: Vectors
}

/**
 * Embeds all documents of a data set, those with a picture by it alone where the model reads pictures (`embedPicturesAndWords` takes both).
 * `[corpus.length, dim]`
 */
export async function embedCorpus(
  embedder: RetrievalEmbedder,
  { corpus, location }: Pick<RetrievalData, 'corpus' | 'location'>,
  { signal, onProgress }: EmbedCorpusOptions = {},
): Promise<EmbeddedCorpus> {
  const contents = corpus.map((document) => ({ id: document.id, text: documentText(document), image: imageOf(document, { location }) }))
  const vectors = await embedContents(embedder, contents, { role: 'document', signal, onProgress })
  return { ids: corpus.map(({ id }) => id), vectors }
}

/** The path of an item's picture, where it has one. */
export const imageOf = ({ image }: { readonly image?: string }, data: Pick<RetrievalData, 'location'>) =>
  image === undefined ? undefined : pictureOf(data, image)

/**
 * Pictures where there is a picture and something that embeds it, else texts. `[contents.length, dim]`
 * @throws `data.modality` for an item that the model cannot take
 */
export async function embedContents(embedder: RetrievalEmbedder, contents: readonly Content[], options: EmbedOptions): Promise<Vectors> {
  const { text, image } = 'embed' in embedder ? { text: embedder, image: undefined } : embedder
  const texts: number[] = []
  const pictures: number[] = []
  for (const [i, content] of contents.entries()) {
    if (image && content.image !== undefined) pictures.push(i)
    else if (text && (content.text !== undefined || content.image === undefined)) texts.push(i)
    else {
      throw new MsError(
        'data.modality',
        `"${content.id}" is ${content.image === undefined ? 'a text' : 'a picture'}, which the model does not take`,
        {
          advice: 'Choose a model of texts for texts, and one of pictures for pictures.',
        },
      )
    }
  }
  const progress = (before: number) =>
    options.onProgress && {
      onProgress: ({ done, unit }: { done: number; unit: string }) =>
        options.onProgress?.({ done: before + done, total: contents.length, unit }),
    }
  const asTexts = texts.map((i) => contents[i].text ?? '')
  const asPictures = pictures.map((i) => contents[i].image ?? '')
  if (text && (!image || pictures.length === 0)) return text.embed(asTexts, { ...options, ...progress(0) })
  const shown = await image!.embed(asPictures, { ...options, ...progress(0) })
  if (!text || texts.length === 0) return shown
  const told = await text.embed(asTexts, { ...options, ...progress(pictures.length) })
  const data = new Float32Array(contents.length * shown.dim)
  const put = (from: Vectors, places: readonly number[]) => {
    for (const [row, place] of places.entries()) data.set(from.data.subarray(row * from.dim, (row + 1) * from.dim), place * shown.dim)
  }
  put(shown, pictures)
  put(told, texts)
  return vectors(data, contents.length, shown.dim)
}
