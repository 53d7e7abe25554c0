import type { NamedConfigs } from '../layers/parse-fields.js'

/** Width, layers, heads. */
const sizes = {
  tiny: [192, 12, 3],
  small: [384, 12, 6],
  base: [768, 12, 12],
  large: [1024, 24, 16],
  huge: [1280, 32, 16],
} as const

type Size = keyof typeof sizes

const shape = (size: Size) => {
  const [width, layers, heads] = sizes[size]
  return { names: 'timm', hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads }
}

function vits(): [string, Record<string, unknown>][] {
  const patches: [Size, number, number][] = [
    ['tiny', 16, 224],
    ['tiny', 16, 384],
    ['small', 32, 224],
    ['small', 32, 384],
    ['small', 16, 224],
    ['small', 16, 384],
    ['small', 8, 224],
    ['base', 32, 224],
    ['base', 32, 384],
    ['base', 16, 224],
    ['base', 16, 384],
    ['base', 8, 224],
    ['large', 32, 224],
    ['large', 32, 384],
    ['large', 16, 224],
    ['large', 16, 384],
    ['large', 14, 224],
    ['huge', 14, 224],
  ]
  return patches.map(([size, patch, pixels]) => [
    `vit_${size}_patch${patch}_${pixels}`,
    { model_type: 'vit', ...shape(size), patch_size: patch, image_size: pixels },
  ])
}

function deits(): [string, Record<string, unknown>][] {
  return (['tiny', 'small', 'base'] as const).flatMap((size) =>
    [224, ...(size === 'base' ? [384] : [])].flatMap((pixels): [string, Record<string, unknown>][] => {
      const config = { model_type: 'deit', ...shape(size), patch_size: 16, image_size: pixels }
      return [
        [`deit_${size}_patch16_${pixels}`, { ...config, distilled: false }],
        [`deit_${size}_distilled_patch16_${pixels}`, { ...config, distilled: true }],
      ]
    }),
  )
}

function dinos(): [string, Record<string, unknown>][] {
  return (['small', 'base', 'large'] as const).flatMap((size): [string, Record<string, unknown>][] => {
    const config = { ...shape(size), patch_size: 14, image_size: 518 }
    const registers = { num_register_tokens: 4, class_position: false }
    return [
      [`vit_${size}_patch14_dinov2`, { model_type: 'dinov2', ...config }],
      [`vit_${size}_patch14_reg4_dinov2`, { model_type: 'dinov2_with_registers', ...config, ...registers }],
    ]
  })
}

/** torchvision's names; the weights' names become timm's. */
function torchvisionVits(): [string, Record<string, unknown>][] {
  const patches: [string, Size, number, number][] = [
    ['vit_b_16', 'base', 16, 224],
    ['vit_b_32', 'base', 32, 224],
    ['vit_l_16', 'large', 16, 224],
    ['vit_l_32', 'large', 32, 224],
    ['vit_h_14', 'huge', 14, 518],
  ]
  return patches.map(([name, size, patch, pixels]) => [name, { model_type: 'vit', ...shape(size), patch_size: patch, image_size: pixels }])
}

/** Configs by timm's names, and by torchvision's. */
export const vitConfigs: NamedConfigs = new Map([...vits(), ...deits(), ...dinos(), ...torchvisionVits()])
