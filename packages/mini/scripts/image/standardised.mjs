import * as tf from '@tensorflow/tfjs-core'

/**
 * Batch norm of a head that is thrown away after training: every dimension has mean 0 and variance 1 over the batch. Features behind a ReLU
 * all point the same way, and cosines that are all near 1 teach little.
 */
export function standardised(widths) {
  return {
    type: 'Standardised',
    config: {},
    shapes: new Map(),
    widths,
    forward: (features) => {
      const centred = tf.sub(features.sentence_embedding, tf.mean(features.sentence_embedding, 0, true))
      const variance = tf.mean(tf.square(centred), 0, true)
      return { ...features, sentence_embedding: tf.div(centred, tf.sqrt(tf.add(variance, 1e-5))) }
    },
  }
}
