import { type ImageSource, MsError } from '@ms/core'
import type { Inputs, TensorFunction, Tensors } from '@ms/core/tensor'
import { type RecordOnnxOptions, recordOnnx } from '@ms/runtime'
import type { PluggedEncoder } from '../plugged/plugged-encoder.js'
import { graphOutputs } from './exported-manifest.js'

/** Texts of several lengths: what depends on them can then be told from what does not. */
const texts = ['one', 'a few words', 'and some more words, of which there are enough for every rule']
/** A picture of one pixel, PNG. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNg+A8AAQMBAEvLoFsAAAAASUVORK5CYII='

/**
 * The graph of an encoder of a plug-in as an ONNX file. Its inputs are those that the plug-in's processor makes; sizes that change from batch to
 * batch are open.
 *
 * @throws `onnx.no-graph` where the plug-in's encoder has no form in tensors that can be recorded
 */
export async function recordPluggedEncoder(
  encoder: PluggedEncoder<ImageSource>,
  options: Pick<RecordOnnxOptions, 'quantize'>,
): Promise<Uint8Array> {
  const batches = await Promise.all([2, 3, 5].map((count) => collated(encoder, count)))
  const encode: TensorFunction<Tensors> = (weights, inputs) => ({
    [graphOutputs[encoder.modality]]: encoder.forward(inputs, weights, { training: false }),
  })
  try {
    return await recordOnnx(encode, {
      constants: encoder.parameters,
      sampleInputs: batches[batches.length - 1],
      dynamicAxes: openAxes(batches),
      ...options,
    })
  } catch (cause) {
    const own = MsError.isInstance(cause) && cause.code === 'plugin.failed' ? cause.cause : cause
    if (MsError.isInstance(own)) throw own
    const reason = own instanceof Error ? own.message : String(own)
    throw new MsError('onnx.no-graph', `the encoder of the plug-in ${encoder.plugin} cannot be recorded as a graph: ${reason}`, {
      where: encoder.plugin,
      advice: 'Its method forward must compute with tensors alone; what it does without them cannot be exported.',
      cause,
    })
  }
}

async function collated({ processor, modality }: PluggedEncoder<ImageSource>, count: number): Promise<Inputs> {
  const pictureBytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0))
  const items = Array.from({ length: count }, (_, i) => (modality === 'text' ? texts[(i * i) % texts.length] : pictureBytes))
  return processor.collate(await processor.prepare(items, 'document'))
}

/** Axes whose size is not the same in all batches, by input. Those that always have one size have one name. */
function openAxes(batches: readonly Inputs[]): Record<string, Record<number, string>> {
  const names = new Map<string, string>()
  const open: Record<string, Record<number, string>> = {}
  for (const [input, { shape }] of Object.entries(batches[0])) {
    for (const axis of shape.keys()) {
      const sizes = batches.map((batch) => batch[input].shape[axis])
      if (sizes.every((size) => size === sizes[0])) continue
      const name = names.get(sizes.join()) ?? `${input}_${axis}`
      names.set(sizes.join(), name)
      open[input] = { ...open[input], [axis]: name }
    }
  }
  return open
}
