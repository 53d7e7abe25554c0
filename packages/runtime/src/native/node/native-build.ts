import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import { cacheFolder, restoreDirectory } from '@ms/core/node'
import { type NativeKind, type NativeParts, nativeParts } from './parts.js'

/** What a finished build says of itself, in `native.json`. */
export interface NativeManifest {
  /** Of this file and of how the folder is laid out. */
  readonly format: number
  readonly kind: NativeKind
  /** `linux-x64` */
  readonly platform: string
  /** Version of TensorFlow. */
  readonly tensorflow: string
  /** Version of TensorFlow.js' addon. */
  readonly tfjs: string
  /** The files without which it cannot start, and how many bytes each has. */
  readonly files: Readonly<Record<string, number>>
}

/** A build that may be loaded. */
export interface NativeBuild {
  readonly folder: string
  readonly manifest: NativeManifest
}

export const manifestName = 'native.json'
export const manifestFormat = 1
export const addonFile = 'addon/tfjs_binding.node'
export const hushFile = 'addon/hush.node'
export const addonPackage = 'tfjs-node'

/** `linux-x64` */
export const platformName = (): string => `${process.platform}-${process.arch}`

/** Where a build lies. @param cache default: the cache folder of this project */
export const nativeFolder = (kind: NativeKind, cache: string = cacheFolder()): string => join(cache, 'native', kind)

/** @throws `native.platform` where there is no TensorFlow to build with */
export function partsFor(kind: NativeKind, platform: string = platformName()): NativeParts {
  const parts = nativeParts[kind][platform]
  if (parts) return parts
  throw new MsError('native.platform', `${kind} can be built on ${Object.keys(nativeParts[kind]).join(', ')} only`, {
    where: platform,
    advice: 'The traced engine works everywhere: --backend traced.',
    details: { kind, platform },
  })
}

/**
 * Finds the build of a kind. It is whole and of this version, or it is refused.
 *
 * @throws `engine.unusable` with what is wrong: `details.state` is `absent`, `half-built` or `other-version`
 */
export async function findNativeBuild(kind: NativeKind, cache?: string): Promise<NativeBuild> {
  const folder = nativeFolder(kind, cache)
  const parts = nativeParts[kind][platformName()]
  if (!parts) throw unusable(kind, folder, 'absent', `there is no TensorFlow for ${platformName()}`)
  if (!(await restoreDirectory(folder))) throw unusable(kind, folder, 'absent', 'it is not installed here')
  const manifest = await readManifest(folder)
  if (!manifest) throw unusable(kind, folder, 'half-built', 'its build was not finished')
  const found = [manifest.format, manifest.kind, manifest.platform, manifest.tensorflow, manifest.tfjs]
  const wanted = [manifestFormat, kind, platformName(), parts.tensorflow.version, parts.addon.version]
  if (found.join() !== wanted.join()) {
    const of = (platform: string, tensorflow: string, tfjs: string) => `TensorFlow ${tensorflow}, TensorFlow.js ${tfjs}, ${platform}`
    const built = of(manifest.platform, manifest.tensorflow, manifest.tfjs)
    const needed = of(platformName(), parts.tensorflow.version, parts.addon.version)
    throw unusable(
      kind,
      folder,
      'other-version',
      built === needed ? 'another version of @ms/runtime built it' : `it is built for ${built}; this version needs ${needed}`,
    )
  }
  for (const [name, bytes] of Object.entries(manifest.files)) {
    const size = await stat(join(folder, name)).then(
      (stats) => stats.size,
      () => undefined,
    )
    if (size === undefined) throw unusable(kind, folder, 'half-built', `${name} is missing`)
    if (size !== bytes) throw unusable(kind, folder, 'half-built', `${name} has ${size} bytes instead of ${bytes}`)
  }
  return { folder, manifest }
}

async function readManifest(folder: string): Promise<NativeManifest | undefined> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(() => '')
  try {
    const value: unknown = JSON.parse(text)
    return isManifest(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isManifest(value: unknown): value is NativeManifest {
  if (typeof value !== 'object' || value === null) return false
  const { format, kind, platform, tensorflow, tfjs, files } = value as Record<string, unknown>
  return (
    Number.isInteger(format) &&
    [kind, platform, tensorflow, tfjs].every((one) => typeof one === 'string') &&
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every(Number.isInteger)
  )
}

function unusable(kind: NativeKind, folder: string, state: 'absent' | 'half-built' | 'other-version', reason: string): MsError {
  return new MsError('engine.unusable', state === 'absent' ? reason : `the TensorFlow in the cache cannot be used: ${reason}`, {
    where: state === 'absent' ? kind : folder,
    advice: nativeParts[kind][platformName()]
      ? `Run ms doctor --install ${kind}${state === 'absent' ? '' : ', which replaces it'}.`
      : 'Use --backend auto.',
    kind: 'failure',
    details: { engine: kind, reason, state, folder },
  })
}
