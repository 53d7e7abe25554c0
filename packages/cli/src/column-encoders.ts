import { type Examples, type ImageSource, MsError } from '@ms/core'
import type { Encoder } from '@ms/core/tensor'
import type { LoadedModel } from '@ms/embed'

/** The encoder of each column. @throws `encoder.modality` for a column that the model does not take */
export function columnEncoders(model: LoadedModel, { columns, modalities = [] }: Examples): Encoder<ImageSource>[] {
  return columns.map((_, column) => {
    const modality = modalities[column] ?? 'text'
    const encoder: Encoder<ImageSource> | undefined = model[modality]
    if (encoder) return encoder
    throw new MsError('encoder.modality', `the model takes no ${modality === 'text' ? 'texts' : 'pictures'}, and there are some`, {
      where: 'model',
      advice: `Name a model of ${modality === 'text' ? 'texts' : 'pictures'} with --model.`,
    })
  })
}
