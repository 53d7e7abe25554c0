import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { MsError } from '@ms/core'
import type * as Tf from '@tensorflow/tfjs-core'
import { nativeEnvironment } from './environment.js'
import { loadTfjsNode, type NativeModules } from './load-tfjs-node.js'
import { addonFile } from './native-build.js'

export interface NativeCheck {
  /** Version of TensorFlow, as it says itself. */
  readonly tensorflow: string
  /** Whether it computes on a GPU. */
  readonly gpu: boolean
}

/**
 * Loads a build in a child process and lets it train: a library that does not fit this machine ends the process that loads
 * it, so that should not be ours.
 *
 * @throws `native.broken` with what the child said
 */
export async function checkNative(folder: string, packageName: string, signal?: AbortSignal): Promise<NativeCheck> {
  const script = `
    // Compilers that keep the names of functions (esbuild) call this in the texts below.
    const __name = (value) => value
    const { createRequire } = require('node:module')
    const from = createRequire(${JSON.stringify(import.meta.url)})
    const tf = from('@tensorflow/tfjs-core')
    from('@tensorflow/tfjs-layers')
    const modules = (${loadTfjsNode.toString()})(tf, from, ${JSON.stringify({ folder, addon: addonFile, packageName })})
    console.log(JSON.stringify((${trainALine.toString()})(tf, modules)))
  `
  const options = { env: { ...process.env, ...nativeEnvironment(1), TF_CPP_MIN_LOG_LEVEL: '3' }, timeout: 120_000, signal }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], options)
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as NativeCheck
  } catch (cause) {
    signal?.throwIfAborted()
    throw new MsError('native.broken', `what was built does not work: ${reasonOf(cause)}`, {
      where: folder,
      advice: 'Run it again with MS_DEBUG=1, or use --backend traced.',
      kind: 'failure',
      cause,
    })
  }
}

/**
 * Fits y = 2x + 1 by gradient descent, and compares each loss with plain arithmetic.
 * Runs in the child by its source text: nothing but its parameters and JavaScript's globals.
 */
function trainALine(tf: typeof Tf, { binding, createBackend }: NativeModules): NativeCheck {
  tf.registerBackend('tensorflow', createBackend)
  tf.engine().registry['tensorflow'] = createBackend()
  void tf.setBackend('tensorflow')
  const xs = [-1, 0, 1, 2]
  const ys = xs.map((x) => 2 * x + 1)
  const x = tf.tensor2d(xs, [4, 1])
  const y = tf.tensor2d(ys, [4, 1])
  let [slope, offset] = [0, 0]
  const weights = [tf.tensor2d([[0]]), tf.tensor1d([0])] as [Tf.Tensor2D, Tf.Tensor1D]
  for (let step = 0; step < 5; step++) {
    const { value, grads } = tf.valueAndGrads((w: Tf.Tensor, b: Tf.Tensor) =>
      tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, w as Tf.Tensor2D), b), y)),
    )(weights)
    const errors = xs.map((x, at) => slope * x + offset - ys[at])
    const loss = errors.reduce((sum, error) => sum + error ** 2, 0) / 4
    const found = value.dataSync()[0]
    if (!(Math.abs(found - loss) < 1e-5)) throw new Error(`step ${step} gives the loss ${found} instead of ${loss}`)
    slope -= (0.1 * errors.reduce((sum, error, at) => sum + 2 * error * xs[at], 0)) / 4
    offset -= (0.1 * errors.reduce((sum, error) => sum + 2 * error, 0)) / 4
    weights[0] = tf.sub(weights[0], tf.mul(grads[0], 0.1))
    weights[1] = tf.sub(weights[1], tf.mul(grads[1], 0.1))
  }
  return { tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice() }
}

/** The line of the child's stack that says what happened. */
function reasonOf(cause: unknown): string {
  const { stderr, signal, killed } = cause as { stderr?: string; signal?: string; killed?: boolean }
  if (killed) return 'it took longer than two minutes'
  if (signal) return `it ended with ${signal}`
  const said = stderr?.split('\n').find((line) => /^(\w*Error|error):? /.test(line))
  return said ?? (cause instanceof Error ? cause.message.split('\n')[0] : String(cause))
}
