import { type ModelFiles, MsError } from '@ms/core'
import { z } from 'zod'
import { readJson } from '../read-json.js'

const schema = z
  .array(
    z
      .object({ idx: z.int().nonnegative().optional(), name: z.string().optional(), path: z.string(), type: z.string().min(1) })
      .catchall(z.unknown()),
  )
  .min(1)

/** One entry of modules.json. */
export interface ModuleEntry {
  /** Short name: `Transformer`, `StaticEmbedding`, `Pooling`, `Dense`, `Normalize` … */
  readonly type: string
  /** Its folder, without a slash at the end; `''`: the model's own folder. */
  readonly path: string
}

/** Types of any other package are code that comes with a model; none is run here. `ms.ImageBackbone` is our own. */
const packages = ['sentence_transformers', 'ms']

/** Modules that stand at the beginning: what turns items into vectors. */
export const firstModules: readonly string[] = ['Transformer', 'StaticEmbedding', 'ImageBackbone']

/**
 * Reads modules.json, with type names of any version:
 * `sentence_transformers.models.Pooling` and `sentence_transformers.sentence_transformer.modules.pooling.Pooling` are the same.
 * @throws `config.invalid`, `encoder.module-unknown` for a type of another package
 */
export async function readModuleList(files: ModelFiles): Promise<ModuleEntry[]> {
  const where = `${files.location}/modules.json`
  const entries = await readJson(files, 'modules.json', schema)
  return entries.map(({ path, type }, position) => {
    const parts = type.split('.')
    const short = parts.at(-1) as string
    if (parts.length > 1 && !packages.includes(parts[0])) throw unknownModule(type, where)
    const folder = path.replaceAll('\\', '/').replace(/\/+$/, '')
    const clean = folder === '.' ? '' : folder.replace(/^\.\//, '')
    if (clean.startsWith('/') || /^[A-Za-z]:/.test(clean) || clean.split('/').includes('..')) {
      throw new MsError('config.invalid', `the field ${position}.path leads out of the model: ${path}`, {
        where,
        details: { field: `${position}.path` },
      })
    }
    return { type: short, path: clean }
  })
}

export function unknownModule(type: string, where: string): MsError {
  return new MsError('encoder.module-unknown', `the module type ${type} is not known here`, {
    where,
    advice: 'Known are Transformer, StaticEmbedding, Pooling, Dense, Normalize, LayerNorm and Dropout of sentence-transformers.',
  })
}

/** The files below one folder, under names relative to it. */
export function subFiles(files: ModelFiles, path: string): ModelFiles {
  if (path === '') return files
  return {
    location: `${files.location}/${path}`,
    list: async () => (await files.list()).filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
    read: (name) => files.read(`${path}/${name}`),
  }
}
