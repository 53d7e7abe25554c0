import { MsError } from '@ms/core'
import { z } from 'zod'

/** What a schema makes of a config.json. @throws `config.invalid` naming the fields */
export function parseFields<S extends z.ZodType>(schema: S, json: unknown, where: string, advice: string): z.output<S> {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'config.json'}: ${issue.message}`)
  throw new MsError('config.invalid', issues.join('; '), {
    where,
    advice,
    details: { fields: result.error.issues.map((issue) => issue.path.join('.')) },
  })
}

/** What timm made a network with, where that was not the usual. */
const sizeSchema = z.object({ img_size: z.union([z.number(), z.tuple([z.number(), z.number()])]).optional() })

/** What stands in the config.json of the networks of a family, by their names. */
export type NamedConfigs = ReadonlyMap<string, Readonly<Record<string, unknown>>>

/** timm's config.json names the network and no sizes: the config of that name, for pictures of the size that it was made for. Any other is itself. */
export function namedConfig(json: unknown, byName: NamedConfigs): unknown {
  if (typeof json !== 'object' || json === null || 'model_type' in json || !('architecture' in json)) return json
  const known = byName.get(String(json.architecture))
  if (!known) return json
  const size = 'model_args' in json ? sizeSchema.safeParse(json.model_args).data?.img_size : undefined
  return size === undefined ? known : { ...known, image_size: size }
}
