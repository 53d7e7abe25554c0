import { vit } from '@ms/backbones'
import { expect, it } from 'vitest'
import { firstParts } from './join-models.js'

it('patterns by first parts stand for every weight, those without a dot in their names, too', () => {
  const names = [...vit.create(vit.parseConfig({ architecture: 'deit_tiny_distilled_patch16_224' }, 'config.json')).shapes.keys()]
  expect(names).toContain('cls_token')
  const patterns = firstParts(names)
  expect(patterns.toSorted()).toEqual(['blocks.*', 'cls_token', 'dist_token', 'norm.*', 'patch_embed.*', 'pos_embed'])
})
