import { homedir } from 'node:os'
import { join } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where what can be fetched or built again is kept: MS_CACHE, else the operating system's place for caches. */
export function cacheFolder(environment: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  if (environment['MS_CACHE']) return environment['MS_CACHE']
  const name = 'model-tuned-search'
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), name, 'cache')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', name)
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), name)
}
