import { MsError, seededRandom } from '@ms/core'
import type { DropoutLayer, Encoder, HostTensor, InputShapes, Inputs, Mode, Tensors } from '@ms/core/tensor'
import { drawMask } from './draw-mask.js'

/** The share of units that layers drop while training: the same for all of them, or what the model's configuration says of each. */
export type Dropout = number | 'config'

type DroppingEncoder = Pick<Encoder, 'dropouts'>

/** Makes masks of dropout. Those of a step depend on the seed and its number only: a training that was resumed has the same. */
export interface DropoutMasks {
  /** Begins a step, counted from 0. The masks of the step before are not valid any more. */
  begin(step: number): void
  /** The inputs, with a mask for each layer that drops units; drawn in the order of the calls. */
  draw(encoder: DroppingEncoder, inputs: Inputs): Inputs
  /** The same with masks of these shapes that nothing was drawn for. */
  blank(encoder: DroppingEncoder, inputs: Inputs): Inputs
  /** The mode in which the encoder is run on inputs that have their masks. */
  mode(mode: Mode, encoder: DroppingEncoder, inputs: Tensors): Mode
}

const prefix = 'dropout/'

/** @param setting 0: nothing is dropped */
export function dropoutMasks(setting: Dropout, seed: number): DropoutMasks {
  const arena = new ByteArena()
  const zeros = new ByteArena()
  let random = seededRandom(seed)
  const layersOf = ({ dropouts }: DroppingEncoder, inputs: InputShapes): [string, DropoutLayer][] =>
    setting === 0
      ? []
      : [...(dropouts?.(inputs) ?? [])]
          .map(([name, { shape, rate }]): [string, DropoutLayer] => [
            name,
            { shape, rate: setting === 'config' ? assertRate(name, rate) : setting },
          ])
          .filter(([, { rate }]) => rate > 0)
  const withMasks = (encoder: DroppingEncoder, inputs: Inputs, make: (size: number, rate: number) => Uint8Array): Inputs => {
    const masks = layersOf(encoder, inputs).map(([name, { shape, rate }]): [string, HostTensor] => {
      const size = shape.reduce((product, length) => product * length, 1)
      return [prefix + name, { shape, data: make(size, rate) }]
    })
    return masks.length === 0 ? inputs : { ...inputs, ...Object.fromEntries(masks) }
  }
  return {
    begin: (step) => {
      arena.reset()
      random = seededRandom(seed).fork(`dropout-${step}`)
    },
    draw: (encoder, inputs) =>
      withMasks(encoder, inputs, (size, rate) => {
        const keep = arena.take(size)
        drawMask(keep, rate, random)
        return keep
      }),
    blank: (encoder, inputs) =>
      withMasks(encoder, inputs, (size) => {
        zeros.reset()
        return zeros.take(size)
      }),
    mode: (mode, encoder, inputs) => {
      const layers = new Map(layersOf(encoder, inputs))
      if (layers.size === 0) return mode
      return {
        ...mode,
        dropout: (name) => {
          const layer = layers.get(name)
          return layer && { keep: inputs[prefix + name], rate: layer.rate }
        },
      }
    },
  }
}

function assertRate(name: string, rate: number): number {
  if (rate >= 0 && rate < 1) return rate
  throw new MsError('train.settings', `the model's configuration drops ${rate} of ${name}`, {
    where: name,
    advice: 'Give a share of at least 0 and below 1.',
  })
}

/** Memory that is used again at each step: parts of one array, which grows to what a step has needed. */
class ByteArena {
  #bytes = new Uint8Array()
  #used = 0

  reset(): void {
    if (this.#used > this.#bytes.length) this.#bytes = new Uint8Array(this.#used)
    this.#used = 0
  }

  /** Begins and ends at multiples of 4 bytes of its buffer. */
  take(size: number): Uint8Array {
    const start = this.#used
    this.#used += Math.ceil(size / 4) * 4
    return this.#used <= this.#bytes.length
      ? this.#bytes.subarray(start, start + size)
      : new Uint8Array(this.#used - start).subarray(0, size)
  }
}
