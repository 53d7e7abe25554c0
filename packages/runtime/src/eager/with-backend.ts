import * as tf from '@tensorflow/tfjs-core'

/**
 * Runs a synchronous piece of work on one TensorFlow.js backend and puts the former one back. The active backend is one
 * for the whole process; as nothing else can run in between, engines of different backends do not disturb each other.
 */
export function withBackend<R>(name: string, work: () => R): R {
  const former = tf.getBackend()
  if (former === name) return work()
  activate(name)
  try {
    return work()
  } finally {
    if (former && tf.findBackendFactory(former)) activate(former)
  }
}

/** For a backend that is initialised already, `setBackend` has done its work when it returns; its promise says nothing more. */
function activate(name: string): void {
  void tf.setBackend(name)
}
