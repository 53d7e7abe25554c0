import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Whether there is anything that a search for a WebGPU device could find. On Linux that is a Vulkan driver; looking for it
 * first saves the loud complaints of the libraries where there is none. Other systems bring theirs along.
 */
export function hasVulkanDriver(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): boolean {
  if (platform !== 'linux') return true
  if (environment['VK_DRIVER_FILES'] || environment['VK_ICD_FILENAMES']) return true
  const data = (environment['XDG_DATA_DIRS'] || '/usr/local/share:/usr/share').split(':')
  const roots = ['/etc', ...data, environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share')]
  return roots.some((root) => {
    try {
      return readdirSync(join(root, 'vulkan', 'icd.d')).some((name) => name.endsWith('.json'))
    } catch {
      return false
    }
  })
}
