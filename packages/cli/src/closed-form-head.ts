import type { Examples, ImageSource, RetrievalData } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import type { LoadedModel } from '@ms/embed'
import { type ChosenHead, chooseLdaHead, type FeatureCache, ldaHead, type MetricName } from '@ms/finetune'
import { wrongUse } from './option-values.js'
import type { Terminal } from './terminal.js'

/** A model with a head in closed form behind its encoder; or as it was, where dev is worse with one. */
export interface HeadedModel {
  readonly model: LoadedModel
  /** What dev said; absent where there is no dev split, and the head is kept. */
  readonly chosen?: Omit<ChosenHead<unknown>, 'encoder'>
  /** Whether the head stands behind one of two encoders, so that the other's vectors are no longer in the same space. */
  readonly parted?: boolean
}

export interface HeadOptions {
  readonly examples: Examples
  readonly dev?: RetrievalData
  /** Default: the best on dev; without dev that of `ldaHead`. */
  readonly shrinkage?: number
  readonly metrics: readonly MetricName[]
  readonly engine: Engine
  readonly features?: FeatureCache<ImageSource>
  readonly signal?: AbortSignal
}

/** @throws `cli.usage` where texts are to find pictures, or the encoder is a plug-in's */
export async function withHead(model: LoadedModel, options: HeadOptions): Promise<HeadedModel> {
  const modalities = new Set(options.examples.modalities ?? ['text'])
  if (modalities.size > 1) throw wrongUse('--head lda is for one kind of items, and these are texts and pictures', 'Leave --head out.')
  const { text, image } = model
  if (modalities.has('image') && image) {
    const { encoder, chosen } = await headOf(withModules(image), options)
    return { model: { ...model, image: encoder }, chosen, parted: text !== undefined && encoder !== image }
  }
  if (!text) return { model }
  const { encoder, chosen } = await headOf(withModules(text), options)
  return { model: { ...model, text: encoder }, chosen, parted: image !== undefined && encoder !== text }
}

async function headOf<E extends Parameters<typeof chooseLdaHead>[0]>(encoder: E, { dev, shrinkage, metrics, ...rest }: HeadOptions) {
  if (!dev?.qrels.has('dev')) return { encoder: await ldaHead(encoder, { ...rest, shrinkage }), chosen: undefined }
  const shrinkages = shrinkage === undefined ? undefined : [shrinkage]
  const { encoder: headed, ...chosen } = await chooseLdaHead<E>(encoder, { ...rest, dev, shrinkages, metrics })
  return { encoder: headed, chosen }
}

/** Says what was tried, and what was kept. */
export function noteHead({ chosen, parted }: HeadedModel, terminal: Terminal): void {
  if (parted) {
    terminal.note(
      'note[train.head-apart]: the head stands behind one of two encoders, so texts and pictures are no longer in one space: words do not find pictures with this model',
    )
  }
  if (!chosen) return
  const figure = (metrics: ChosenHead<unknown>['before']) => metrics['ndcg@10'].toFixed(3)
  const tried = chosen.tried.map(({ shrinkage, metrics }) => `${figure(metrics)} with ${shrinkage}`).join(', ')
  const kept = chosen.shrinkage === undefined ? 'none is kept' : `kept with ${chosen.shrinkage}`
  terminal.note(`head, by shrinkage: dev ndcg@10 ${figure(chosen.before)} without, ${tried}; ${kept}`)
}

/** @throws `cli.usage` for an encoder of a plug-in, which nothing can be put behind */
function withModules<E extends NonNullable<LoadedModel['text'] | LoadedModel['image']>>(
  encoder: E,
): Exclude<E, { readonly plugin: string }> {
  if (!('plugin' in encoder)) return encoder as Exclude<E, { readonly plugin: string }>
  throw wrongUse(`--head is for encoders that consist of modules, and ${encoder.plugin} is a plug-in’s`, 'Leave --head out.')
}
