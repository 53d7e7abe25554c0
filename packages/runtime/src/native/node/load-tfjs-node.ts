import type * as Tf from '@tensorflow/tfjs-core'

/** The part of TensorFlow.js' addon that we use. */
export interface NativeBinding {
  readonly TF_Version: string
  isUsingGpuDevice(): boolean
}

export interface NativeModules {
  readonly binding: NativeBinding
  /** A new backend; its kernels are registered for the name `tensorflow`. */
  createBackend(): Tf.KernelBackend
}

/**
 * Loads the addon and the package around it from a build, without npm's resolution: what the package imports as
 * `@tensorflow/tfjs` is the `tf` given here, so that the process has one TensorFlow.js with one registry. Registers its
 * kernels, once for a process.
 *
 * The source text of this function also runs in a child process, which checks a fresh build: it must not refer to anything
 * but its parameters and Node's globals.
 */
export function loadTfjsNode(
  tf: typeof Tf,
  require: NodeJS.Require,
  { folder, addon, packageName }: { folder: string; addon: string; packageName: string },
): NativeModules {
  const { readFileSync } = require('node:fs') as typeof import('node:fs')
  const path = require('node:path') as typeof import('node:path')
  const { compileFunction } = require('node:vm') as typeof import('node:vm')
  const util = require('node:util') as typeof import('node:util')

  const given: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tensorflow/tfjs-core': tf,
    // Node 23 took both away.
    util: { ...util, isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value === null || value === undefined },
    os: require('node:os'),
    path,
    fs: require('node:fs'),
    // Only its writer of TensorBoard files needs protocol buffers.
    './proto/api_pb': {},
  }
  const loaded = new Map<string, { exports: Record<string, unknown> }>()
  const load = (file: string): Record<string, unknown> => {
    const known = loaded.get(file)
    if (known) return known.exports
    const module = { exports: {} as Record<string, unknown> }
    loaded.set(file, module)
    const source = readFileSync(file, 'utf8')
    const run = compileFunction(source, ['require', 'module', 'exports'], { filename: file })
    const requireFrom = (name: string) => {
      if (name in given) return given[name]
      if (!name.startsWith('.')) throw new Error(`${packageName} needs ${name}, which is not given to it`)
      return load(path.join(path.dirname(file), `${name}.js`))
    }
    run.call(module.exports, requireFrom, module, module.exports)
    return module.exports
  }

  const binding = require(path.join(folder, addon)) as NativeBinding
  load(path.join(folder, 'tfjs-node/dist/register_all_kernels.js'))
  const { NodeJSKernelBackend } = load(path.join(folder, 'tfjs-node/dist/nodejs_kernel_backend.js')) as {
    NodeJSKernelBackend: new (binding: NativeBinding, packageName: string) => Tf.KernelBackend
  }
  return { binding, createBackend: () => new NodeJSKernelBackend(binding, packageName) }
}
