import { MsError } from '@ms/core'
import type { LoadedModel } from '@ms/embed'
import { loadPlugins } from './load-plugins.js'

/** Setting of a collection: the plug-in that its model needs. It is never imported from there, only asked for. */
const setting = 'plugin'

/** What a collection remembers of the plug-in that makes its model. */
export function pluginSetting({ text, image }: LoadedModel): Record<string, string> {
  const made = [text, image].find((encoder) => encoder !== undefined && 'plugin' in encoder)
  return made && 'plugin' in made ? { [setting]: made.plugin } : {}
}

/** @throws `encoder.plugin-missing` where the model of a collection is a plug-in's, and that is not given */
export async function assertPluginOf(
  settings: Readonly<Record<string, unknown>>,
  specs: readonly string[],
  collection: string,
): Promise<void> {
  const { [setting]: name } = settings
  if (typeof name !== 'string' || (await loadPlugins(specs)).some((plugin) => plugin.name === name)) return
  throw new MsError('encoder.plugin-missing', `the model of this collection was made with the plug-in "${name}"`, {
    where: collection,
    advice: 'Name the package or file that has it with --plugin.',
    details: { plugin: name },
  })
}
