/** Other names of the parts of a network → its own, without `.weight`, `.bias` …: `blocks.0.0.conv_dw` → `features.1.conv.0.0`. */
export type Aliases = ReadonlyMap<string, string>

const parts = /\.(weight|bias|running_mean|running_var)$/

/**
 * Checkpoint key → parameter name by aliases; keys that are none stay as they are. Undefined for what batch norm counts
 * (`num_batches_tracked`) and for what `besides` matches.
 */
export function renamed(key: string, aliases: Aliases, besides: RegExp): string | undefined {
  if (key.endsWith('.num_batches_tracked') || besides.test(key)) return undefined
  const part = parts.exec(key)?.[0]
  if (part === undefined) return key
  const own = aliases.get(key.slice(0, -part.length))
  return own === undefined ? key : own + part
}
