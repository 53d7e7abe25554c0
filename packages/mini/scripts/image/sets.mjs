/**
 * The sets of drawings, npm packages `@iconify-json/NAME` at the versions of image-sources.json. `emoji`: names are emoji. `icons`: names are
 * whatever the set's makers found, of which `variants` drawings a name are taken (filled, in outline …). Noto's and Firefox's emoji are not
 * among them: the model is measured with styles that it has never seen.
 */
export const sets = [
  { name: 'twemoji', kind: 'emoji' },
  { name: 'openmoji', kind: 'emoji' },
  { name: 'fluent-emoji-flat', kind: 'emoji' },
  { name: 'emojione', kind: 'emoji' },
  { name: 'fluent-emoji-high-contrast', kind: 'emoji' },
  { name: 'emojione-monotone', kind: 'emoji' },
  { name: 'emojione-v1', kind: 'emoji' },
  { name: 'streamline-emojis', kind: 'emoji' },
  { name: 'flat-color-icons', kind: 'icons' },
  { name: 'fluent-color', kind: 'icons' },
  { name: 'icon-park', kind: 'icons' },
  { name: 'marketeq', kind: 'icons' },
  { name: 'streamline-ultimate-color', kind: 'icons' },
  { name: 'streamline-plump-color', kind: 'icons', variants: 2 },
  { name: 'streamline-flex-color', kind: 'icons', variants: 2 },
  { name: 'fa6-solid', kind: 'icons' },
  { name: 'game-icons', kind: 'icons' },
  { name: 'healthicons', kind: 'icons' },
  { name: 'mdi', kind: 'icons' },
  { name: 'ph', kind: 'icons', variants: 2 },
  { name: 'solar', kind: 'icons', variants: 2 },
  { name: 'tabler', kind: 'icons', variants: 2 },
  { name: 'temaki', kind: 'icons' },
]

/** The styles of emoji that have most of them, each in its colours … */
export const four = ['twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione']
/** … and all emoji in colour. */
export const inColour = ['twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione', 'emojione-v1', 'streamline-emojis']
