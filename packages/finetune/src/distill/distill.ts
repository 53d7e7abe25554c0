import { type Embedder, type ModelFiles, MsError, type OnProgress, seededRandom } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { initialRows, type TokenVectors } from './initial-rows.js'
import { type LearningGroup, learnTokens } from './learn-tokens.js'
import { targetSpace, toTargets } from './target-space.js'
import { teacherVectors } from './teacher-vectors.js'
import { tokenText } from './token-text.js'
import { countTokens, type TokenizedTexts } from './tokenized-texts.js'

/** What `distill` needs of the student's tokenizer. */
export interface DistillTokenizer {
  /** Ids are below this. */
  readonly vocabularySize: number
  /** The token of an id; undefined where there is none. */
  token(id: number): string | undefined
  /** Without special tokens. */
  encodeBatch(texts: readonly string[], options: { addSpecialTokens: false; maxLength: number }): TokenizedTexts
}

/** Texts to learn from. */
export interface DistillTexts {
  /** For messages. */
  readonly name: string
  readonly texts: readonly string[]
  /** What the teacher reads in place of each text, for texts in a language that it does not understand. Default: the texts. */
  readonly meanings?: readonly string[]
  /** How often each text is seen in an epoch, on average. Default: 1. */
  readonly weight?: number
}

export type DistillEvent =
  | { readonly type: 'teacher'; readonly name: string; readonly done: number; readonly total: number }
  | { readonly type: 'space'; readonly dim: number; readonly energy: number }
  | { readonly type: 'epoch'; readonly epoch: number; readonly loss: number }

export interface DistillOptions {
  readonly teacher: Embedder
  /** Embeds single tokens, for the rows to start from. Default: `teacher`. A BERT does it best through its `[CLS]` vector. */
  readonly tokenTeacher?: Embedder
  readonly tokenizer: DistillTokenizer
  readonly texts: readonly DistillTexts[]
  /** Token → its meaning in the teacher's language: these rows start from the meaning. */
  readonly dictionary?: ReadonlyMap<string, string>
  /** Token → its share among all tokens of its language. Default: counted in the texts. */
  readonly shares?: ReadonlyMap<string, number>
  /** Components of the student's vectors. Default: 256, or the teacher's where it has fewer. */
  readonly dim?: number
  /** 0 … 1, see `targetSpace`. Default: 0.5. */
  readonly whitening?: number
  /** Default: 2. */
  readonly epochs?: number
  /** Texts. Default: 512. */
  readonly batchSize?: number
  /** Peak rate of Adam, for rows of unit root mean square. Default: 0.02. */
  readonly learningRate?: number
  /** `a` of the first rows' weight `a / (a + share)`. Default: 1e-3. */
  readonly smoothing?: number
  /** Tokens that are read of a text. Default: 512. */
  readonly maxTokens?: number
  /** Default: 0. */
  readonly seed?: number
  /** Where the teacher's vectors are kept, so that an interrupted run resumes. */
  readonly cache?: ModelFiles
  readonly onEvent?: (event: DistillEvent) => void
  /** Training steps. */
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

export interface Distilled {
  /** `embedding.weight [vocabulary, dim]`: the parameters of a static encoder with this tokenizer, to be followed by normalisation. */
  readonly parameters: ReadonlyMap<string, HostTensor<Float32Array>>
  readonly dim: number
  /** Mean of `1 − cos` to the teacher, by epoch. */
  readonly losses: readonly number[]
}

/** Vectors of a group that the target space is computed from; evenly spread, so that no group outweighs all others. */
const SAMPLE = 20_000

/**
 * Distils any text embedder into a table of token embeddings, a thousand times faster to run: rows start from the teacher's
 * vectors of single tokens (Model2Vec, van Dongen and Tulkens 2024), and are then trained until the normalised sum of a
 * text's rows is the teacher's embedding of the text. Texts in other languages join in through `meanings` and `dictionary`.
 *
 * @throws `distill.no-texts`, `distill.meanings` when a group's meanings are not as many as its texts, `distill.dim`,
 *   `distill.teacher`, `distill.diverged`
 * @example
 * ```ts
 * import type { Embedder } from '@ms/core'
 * import { type DistillTokenizer, distill } from '@ms/finetune'
 *
 * export async function small(teacher: Embedder, tokenizer: DistillTokenizer, texts: string[]) {
 *   const { parameters } = await distill({ teacher, tokenizer, texts: [{ name: 'texts', texts }], dim: 128 })
 *   return parameters.get('embedding.weight')
 * }
 * ```
 */
export async function distill(options: DistillOptions): Promise<Distilled> {
  const { teacher, tokenizer, texts, whitening = 0.5, smoothing = 1e-3, cache, onEvent, signal } = options
  const dim = options.dim ?? Math.min(256, teacher.dim)
  checkTexts(texts)
  const vectors: Float32Array[] = []
  for (const { name, texts: own, meanings = own } of texts) {
    const onProgress: OnProgress = ({ done, total }) => onEvent?.({ type: 'teacher', name, done, total })
    vectors.push(await teacherVectors(teacher, meanings, { cache, onProgress, signal }))
  }
  const space = targetSpace(
    vectors.map((block) => sample(block, teacher.dim)),
    teacher.dim,
    { dim, whitening },
  )
  onEvent?.({ type: 'space', dim, energy: space.energy })
  const groups: LearningGroup[] = texts.map(({ texts: own, weight = 1 }, i) => ({
    texts: tokenizer.encodeBatch(own, { addSpecialTokens: false, maxLength: options.maxTokens ?? 512 }),
    targets: toTargets(vectors[i], space),
    weight,
  }))
  const { kinds, frozen } = await tokenVectors(options)
  const shares = tokenShares(options, groups)
  const table = initialRows(kinds, { vocabulary: tokenizer.vocabularySize, space, shares, smoothing })
  const losses: number[] = []
  await learnTokens(table, {
    dim,
    groups,
    frozen,
    epochs: options.epochs ?? 2,
    batchSize: options.batchSize ?? 512,
    learningRate: options.learningRate ?? 0.02,
    random: seededRandom(options.seed ?? 0).fork('distill'),
    onProgress: options.onProgress,
    onEpoch: (epoch, loss) => {
      losses.push(loss)
      onEvent?.({ type: 'epoch', epoch, loss })
    },
    signal,
  })
  return { parameters: new Map([['embedding.weight', { shape: [tokenizer.vocabularySize, dim], data: table }]]), dim, losses }
}

function checkTexts(texts: readonly DistillTexts[]): void {
  for (const { name, texts: own, meanings } of texts) {
    if (meanings && meanings.length !== own.length) {
      throw new MsError('distill.meanings', `there are ${own.length} texts and ${meanings.length} meanings`, { where: name })
    }
  }
  if (texts.every(({ texts: own }) => own.length === 0)) {
    throw new MsError('distill.no-texts', 'there are no texts to learn from', { where: 'texts', advice: 'Give some thousands of texts.' })
  }
}

function sample(vectors: Float32Array, width: number): Float32Array {
  const count = vectors.length / width
  if (count <= SAMPLE) return vectors
  const out = new Float32Array(SAMPLE * width)
  for (let i = 0; i < SAMPLE; i++) {
    const from = Math.floor((i * count) / SAMPLE) * width
    out.set(vectors.subarray(from, from + width), i * width)
  }
  return out
}

/** The teacher's vectors of tokens, of those in the dictionary by their meaning. Tokens that stand for no text get none. */
async function tokenVectors(options: DistillOptions): Promise<{ kinds: TokenVectors[]; frozen: Set<number> }> {
  const { teacher, tokenTeacher = teacher, tokenizer, dictionary, cache, onEvent, signal } = options
  const frozen = new Set<number>()
  const own: { id: number; text: string }[] = []
  const known: { id: number; text: string }[] = []
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    const token = tokenizer.token(id)
    const meaning = token === undefined ? undefined : dictionary?.get(token)
    const text = meaning ?? (token === undefined ? undefined : tokenText(token))
    if (text === undefined) frozen.add(id)
    else (meaning === undefined ? own : known).push({ id, text })
  }
  const kinds: TokenVectors[] = []
  for (const [from, tokens] of [
    [tokenTeacher, own],
    [teacher, known],
  ] as const) {
    if (tokens.length === 0) continue
    const onProgress: OnProgress = ({ done, total }) => onEvent?.({ type: 'teacher', name: 'tokens', done, total })
    const texts = tokens.map(({ text }) => text)
    kinds.push({
      ids: Int32Array.from(tokens, ({ id }) => id),
      vectors: await teacherVectors(from, texts, { cache, onProgress, signal }),
    })
  }
  return { kinds, frozen }
}

function tokenShares({ tokenizer, texts, shares }: DistillOptions, groups: readonly LearningGroup[]): Float64Array {
  // Translations' texts are no sample of their language, unless there is nothing else.
  const plain = groups.filter((_, i) => !texts[i].meanings)
  const counted = (plain.length > 0 ? plain : groups).map((group) => group.texts)
  const counts = countTokens(counted, tokenizer.vocabularySize)
  const total = counts.reduce((sum, count) => sum + count, 0) || 1
  return counts.map((count, id) => shares?.get(tokenizer.token(id) ?? '') ?? count / total)
}
