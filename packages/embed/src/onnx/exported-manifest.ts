import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'

/** The file that makes a directory an exported model: it says which graph embeds, and how texts or pictures are made ready for it. */
export const manifestName = 'onnx/exported.json'
/** Beside graphs of a model that is not served by them. */
export const exportNote = 'onnx/graphs.json'

/** The output of a graph that is an item's vector, under the name that sentence-transformers and transformers.js have for it. */
export const graphOutputs = { text: 'sentence_embedding', image: 'image_embeds' } as const

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal is expected')
const size = z.int().positive()
const pair = z.tuple([size, size])

export const manifestSchema = z.object({
  version: z.literal(1, { error: 'only version 1 is known: export the model again' }),
  graph: z.object({ file: z.string().regex(/^onnx\/[\w.-]+\.onnx$/), precision: z.enum(['float32', 'int8']), bytes: size, sha256: hash }),
  /** See `encoderIdentity`. */
  identity: hash,
  dim: size,
  truncateDim: size.optional(),
  similarity: z.enum(['cosine', 'dot', 'euclidean', 'manhattan']),
  /** One of texts has this … */
  text: z
    .object({
      tokenizerSha256: hash,
      prompts: z.object({ query: z.string(), document: z.string() }),
      /** null: no limit. */
      maxLength: z.object({ query: size.nullable(), document: size.nullable() }),
      truncationSide: z.enum(['left', 'right']),
      lowerCase: z.boolean(),
      markPrompt: z.boolean(),
    })
    .optional(),
  /** … and one of pictures this: see `ImageSettings`. */
  image: z
    .object({
      resize: z.union([size, pair]),
      crop: pair,
      interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']),
      mean: z.tuple([z.number(), z.number(), z.number()]),
      std: z.tuple([z.number(), z.number(), z.number()]),
      halves: z.enum(['down', 'even']).optional(),
    })
    .optional(),
})

export type ExportedManifest = Readonly<z.infer<typeof manifestSchema>>

/** What stands for a tokeniser's file in a manifest. */
export const tokenizerFile = (names: { has(name: string): boolean }): string =>
  names.has('tokenizer.json') ? 'tokenizer.json' : 'vocab.txt'

export const exportedOnly = ({ location }: ModelFiles): MsError =>
  new MsError('encoder.exported', 'this is an exported model: it embeds, but has no weights that could be read or trained', {
    where: location,
    advice: 'Name the model that it was exported from.',
  })
