import { readFile, stat } from 'node:fs/promises'
import { join, resolve as resolvePath, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ImageSource, MsError } from '@ms/core'
import type { EncoderPlugin } from '@ms/core/tensor'
import { resolve } from 'import-meta-resolve'
import { wrongUse } from './option-values.js'

export type Plugin = EncoderPlugin<ImageSource>

/**
 * Imports what `--plugin` names: a package as one that lies in the current folder would import it, or a file or folder. This is the only way in
 * which code comes in that is not our own; nothing that a model or a data set says is ever imported.
 *
 * @throws `plugin.missing`, `plugin.failed` with what it threw while it was loaded, `plugin.invalid`
 */
export async function loadPlugins(specs: readonly string[] = [], folder: string = process.cwd()): Promise<Plugin[]> {
  const plugins: Plugin[] = []
  for (const spec of specs) {
    const plugin = pluginOf(await importFrom(spec, folder), spec)
    if (plugins.some(({ name }) => name === plugin.name))
      throw wrongUse(`two plug-ins are called "${plugin.name}"`, 'Give --plugin one of them.')
    plugins.push(plugin)
  }
  return plugins
}

async function importFrom(spec: string, folder: string): Promise<Record<string, unknown>> {
  let url: string
  try {
    url = await urlOf(spec, folder)
    // A path resolves whether there is a file or not.
    if (url.startsWith('file:')) await stat(fileURLToPath(url))
  } catch (cause) {
    throw new MsError('plugin.missing', `there is no module ${spec}: ${firstLine(cause)}`, {
      where: '--plugin',
      advice: `Install the package where you call ms (npm install ${spec}), or give the path of its built file: ./dist/index.js.`,
      cause,
    })
  }
  try {
    return await import(url)
  } catch (cause) {
    throw new MsError('plugin.failed', `the plug-in cannot be loaded: ${firstLine(cause)}`, {
      where: spec,
      advice: 'See whether it is built, and whether node can import it.',
      cause,
    })
  }
}

async function urlOf(spec: string, folder: string): Promise<string> {
  const path = resolvePath(folder, spec)
  const found = /^[a-z]+:/i.test(spec) ? undefined : await stat(path).catch(() => undefined)
  const inside = (at: string) => pathToFileURL(at + sep).href
  // The folder of a package: what it gives out under its own name.
  if (found?.isDirectory()) {
    const manifest: { name?: string; main?: string; exports?: unknown } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
    if (manifest.name && manifest.exports) return resolve(manifest.name, inside(path))
    return pathToFileURL(join(path, manifest.main ?? 'index.js')).href
  }
  return found ? pathToFileURL(path).href : resolve(spec, inside(folder))
}

const firstLine = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]

/** @throws `plugin.invalid` */
function pluginOf(module: Record<string, unknown>, spec: string): Plugin {
  const wrong = (what: string) =>
    new MsError('plugin.invalid', what, { where: spec, advice: 'A plug-in’s default export is an EncoderPlugin of @ms/core/tensor.' })
  const { default: exported } = module
  if (typeof exported !== 'object' || exported === null) throw wrong('this module has no default export that makes encoders')
  const plugin = exported as Partial<Record<keyof Plugin, unknown>>
  if (typeof plugin.name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(plugin.name))
    throw wrong(`its name is ${JSON.stringify(plugin.name)}, and must be of lower-case letters, digits and dashes`)
  if (plugin.modality !== 'text' && plugin.modality !== 'image') throw wrong('its modality is neither text nor image')
  for (const name of ['create', 'load'] as const) if (typeof plugin[name] !== 'function') throw wrong(`it has no function ${name}`)
  return exported as Plugin
}
