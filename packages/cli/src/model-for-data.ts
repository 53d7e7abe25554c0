import type { Data, Document, Modality, Query } from '@ms/core'
import { defaultModel, defaultPictureModel } from './default-model.js'
import { loadPlugins } from './load-plugins.js'
import { wrongUse } from './option-values.js'

/** What `--model` and `--plugin` name. */
export interface NamedModel {
  readonly model?: string
  readonly plugin?: readonly string[]
}

const bothAdvice = 'Name with --model one that takes both: a CLIP directory, or what ms train --image-model made.'

/**
 * The name of the model for some items: what `--model` names; where it is left out, a fresh encoder of the one plug-in that is given; else the built-in
 * model of what the items are, as `modalitiesOf` tells it.
 *
 * @param advice what to do where the items are texts and pictures, and nothing is named
 * @throws `cli.usage` there
 */
export async function modelFor(
  modalities: ReadonlySet<Modality>,
  { model, plugin = [] }: NamedModel,
  advice: string = bothAdvice,
): Promise<string> {
  if (model !== undefined) return model
  const [first, ...others] = await loadPlugins(plugin)
  if (first && others.length === 0) return first.name
  if (modalities.size > 1) throw wrongUse('there are texts and pictures, no --model is named, and no built-in model takes both', advice)
  return modalities.has('image') ? defaultPictureModel : defaultModel
}

/** What data cannot do without: pictures where something has a picture and no words, texts where something has words and no picture. */
export function modalitiesOf(data: Data): ReadonlySet<Modality> {
  if (data.kind !== 'retrieval') return new Set(data.columns.map((_, column) => data.modalities?.[column] ?? 'text'))
  return modalitiesOfItems([...data.queries.values(), ...data.corpus])
}

/** The same of queries or documents; of such that have both, words are taken. */
export function modalitiesOfItems(items: Iterable<Query | Document>): ReadonlySet<Modality> {
  const found = new Set<Modality>()
  let captioned = false
  for (const { text, image, ...rest } of items) {
    const words = `${'title' in rest ? rest.title : ''}${text ?? ''}`.trim() !== ''
    if (words && image !== undefined) captioned = true
    else found.add(image === undefined ? 'text' : 'image')
  }
  if (found.size === 0 && captioned) found.add('text')
  return found
}
