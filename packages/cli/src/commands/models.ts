import { isSupported, presets } from '@ms/backbones'
import { defineCommand } from '../command.js'
import { formatTable } from '../format-table.js'
import { defaultModel, defaultPictureModel } from '../open-model.js'

/** Models that come with the command. */
const embedded = [
  {
    name: defaultModel,
    id: '@ms/mini',
    takes: 'texts',
    languages: ['en', 'zh'],
    dim: 256,
    megabytes: 16,
    licence: 'Apache-2.0, Chinese rows CC-BY-SA-4.0',
  },
  {
    name: defaultPictureModel,
    id: '@ms/mini',
    takes: 'pictures',
    languages: [],
    dim: 384,
    megabytes: 4,
    licence: 'CC-BY-SA-4.0',
  },
]

export const modelsCommand = defineCommand({
  name: 'models',
  summary: 'List the models that have a short name',
  usage: '',
  options: { all: { type: 'boolean', help: 'those too that cannot be computed yet' } },
  run: async ({ options, terminal }) => {
    const shown = presets.filter((preset) => options.all || isSupported(preset))
    const rows = shown.map((preset) => [
      preset.name,
      preset.id,
      preset.languages.join(' '),
      String(preset.dim),
      preset.maxTokens === undefined ? '' : String(preset.maxTokens),
      `${preset.megabytes}`,
      preset.licence,
      [preset.about, isSupported(preset) ? '' : `not yet (${preset.architecture})`].filter(Boolean).join('; '),
    ])
    terminal.print(
      formatTable(
        [
          ['name', 'id', 'languages', 'width', 'tokens', 'MB', 'licence', ''],
          ...embedded.map(({ name, takes, languages, dim, megabytes, licence }) => [
            name,
            `embedded, no download (default for ${takes})`,
            languages.join(' '),
            String(dim),
            '',
            String(megabytes),
            licence,
            '',
          ]),
          ...rows,
        ],
        { align: ['left', 'left', 'left', 'right', 'right', 'right', 'left', 'left'] },
      ),
    )
    terminal.print()
    terminal.print(
      '--model takes a name or an id of this list, any other hub id of a BERT, static or picture model, a folder, a finished run, or architecture:file (resnet50:weights.pth).',
    )
    terminal.printJson([
      ...embedded.map((each) => ({ ...each, default: true, supported: true })),
      ...shown.map((preset) => ({ ...preset, supported: isSupported(preset) })),
    ])
    return 0
  },
})
