import * as tf from '@tensorflow/tfjs-core'

/**
 * Gradients of TensorFlow.js ops are not in tfjs-core's main module; loading tfjs-layers registers them, in Node and in
 * bundles alike. Called when something is first differentiated, so that a program that only encodes never loads it.
 */
export async function registerGradients(): Promise<void> {
  if (tf.getGradient(tf.Multiply) === undefined) await import('@tensorflow/tfjs-layers')
}
