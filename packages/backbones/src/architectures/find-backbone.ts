import { MsError } from '@ms/core'
import type { BackbonePlugin } from '@ms/core/tensor'

/**
 * The plug-in that reads this config.json: by its `model_type`, or where it has none by its `architecture`, as timm writes it.
 * @throws `encoder.backbone-unknown` with the names that are known
 */
export function findBackbone(plugins: readonly BackbonePlugin[], config: Readonly<Record<string, unknown>>, where: string): BackbonePlugin {
  const { model_type: type, architecture } = config
  const found =
    typeof type === 'string'
      ? plugins.find(({ modelTypes }) => modelTypes.includes(type))
      : plugins.find(({ architectures = [] }) => typeof architecture === 'string' && architectures.includes(architecture))
  if (found) return found
  const named =
    typeof type !== 'string' && typeof architecture === 'string' ? `architecture is ${architecture}` : `model_type is ${type ?? 'missing'}`
  throw new MsError('encoder.backbone-unknown', `the field ${named}`, {
    where,
    advice: `Known are ${plugins.flatMap(({ modelTypes }) => modelTypes).join(', ')}. Hand over a plug-in for another one.`,
  })
}
