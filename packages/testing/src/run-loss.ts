import type { Engine, HostTensor, Loss, LossExamples, Tensors } from '@ms/core/tensor'
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'

export interface RunLossOptions {
  /** Opened for this run and disposed of afterwards. */
  engine: () => Promise<Engine>
  /** `[batch, dim]` a column. */
  embeddings: readonly HostTensor<Float32Array>[]
  examples: LossExamples
}

/** Value of a loss for given embeddings, and its gradient with respect to each column. */
export async function runLoss(
  loss: Loss,
  { engine, embeddings, examples }: RunLossOptions,
): Promise<{ value: number; gradients: HostTensor<Float32Array>[] }> {
  const opened = await engine()
  try {
    const names = embeddings.map((_, c) => `column${c}`)
    const compute = await opened.differentiate<Tensors & { readonly loss: Scalar }>(
      (weights, inputs) => ({ loss: loss.compute({ embeddings: names.map((name) => weights.get(name) as Tensor2D), inputs, weights }) }),
      { constants: loss.parameters ?? new Map(), trainable: names },
    )
    const { outputs, gradients } = await compute.run(loss.inputs?.(examples) ?? {}, new Map(names.map((name, c) => [name, embeddings[c]])))
    compute.dispose()
    return { value: outputs.loss.data[0], gradients: names.map((name) => gradients.get(name)!) }
  } finally {
    await opened.dispose()
  }
}
