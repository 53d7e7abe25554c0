import { findNativeBuild } from '../native/node/native-build.js'
import type { NativeKind } from '../native/node/parts.js'

/** Engines that somebody has installed beside the traced one. Nothing of them is loaded. @param cache default: the cache folder */
export async function installedRivals(cache?: string): Promise<NativeKind[]> {
  const found = await Promise.all(
    (['native-gpu', 'native'] as const).map((kind) =>
      findNativeBuild(kind, cache).then(
        () => [kind],
        () => [],
      ),
    ),
  )
  return found.flat()
}
