import { MsError } from '../errors.js'
import type { ModelFiles } from '../model-files.js'
import type { Examples } from './examples.js'
import { textField } from './fields.js'
import { jsonLines } from './json-lines.js'
import { isPictureName, picturePath } from './picture-path.js'

/** Files that programs leave in folders. */
const isHidden = (name: string) => name.split('/').some((part) => part.startsWith('.') || part === 'Thumbs.db')

/** Whether these are pictures in folders, a folder a class. */
export const isPictureFolder = (names: readonly string[]): boolean =>
  names.some((name) => name.includes('/') && isPictureName(name) && !isHidden(name))

/**
 * A folder a class: `cat/1.png`, `cat/more/2.png`, `dog/3.jpg` are labelled pictures. The class is the first folder; other files, and
 * pictures that lie beside the folders, are passed over.
 * @throws `data.empty`; `data.split-folders` and `data.one-class` where the folder is one too high
 */
export function readPictureFolder(files: ModelFiles, names: readonly string[]): Examples {
  const pictures = names.filter((name) => name.includes('/') && isPictureName(name) && !isHidden(name))
  if (pictures.length === 0) {
    throw new MsError('data.empty', 'there is no picture', {
      where: files.location,
      advice: 'Make a folder for each class, with its pictures in it.',
    })
  }
  const labels = pictures.map((name) => name.slice(0, name.indexOf('/')))
  assertClasses(pictures, labels, files.location)
  const folder = files.location.replace(/[\\/]+$/, '')
  return {
    kind: 'labelled',
    columns: [pictures.map((name) => `${folder}/${name}`)],
    modalities: ['image'],
    location: files.location,
    labels,
  }
}

const splitNames = /^(train|training|val|valid|validation|dev|test|testing)$/i

/** A folder too high: what lies in it are no classes. */
function assertClasses(pictures: readonly string[], labels: readonly string[], location: string): void {
  const names = [...new Set(labels)]
  const deeper = pictures.every((name) => name.split('/').length > 2)
  if (deeper && names.every((name) => splitNames.test(name))) {
    throw new MsError('data.split-folders', `${names.join(', ')}: these folders are parts of the data, not classes`, {
      where: location,
      advice: `Give the folder that has a folder for each class in it: ${location}/${names.find((name) => /^train/i.test(name)) ?? names[0]}.`,
    })
  }
  if (names.length === 1) {
    throw new MsError('data.one-class', `all pictures are of one class, the folder ${names[0]}`, {
      where: location,
      advice: deeper
        ? `Give the folder that has a folder for each class in it: perhaps ${location}/${names[0]}.`
        : 'Make a folder for each class, with its pictures in it.',
    })
  }
}

/**
 * `metadata.jsonl` beside pictures, as the image folders of Hugging Face have it: `file_name` (or `image`) with `label`, which makes
 * labelled pictures, or with `text`, which makes pairs of a text and its picture.
 * @throws `data.malformed`, `data.field`, `data.path`, `data.columns`, `data.empty` naming file and line
 */
export function readPictureMetadata(files: ModelFiles, bytes: Uint8Array): Examples {
  const where = `${files.location}/metadata.jsonl`
  const rows = Array.from(jsonLines(bytes, where), ({ value, number }) => {
    const at = `${where}:${number}`
    const name = textField(value, 'file_name', at) ?? textField(value, 'image', at)
    if (!name) throw new MsError('data.field', 'there is no "file_name"', { where: at })
    const label = value['label']
    return {
      at,
      picture: picturePath(files.location, name, at),
      text: textField(value, 'text', at),
      label: typeof label === 'number' ? String(label) : textField(value, 'label', at),
    }
  })
  const [first] = rows
  if (!first) throw new MsError('data.empty', 'there is no picture', { where, advice: 'One JSON object a line.' })
  const key = first.label === undefined ? 'text' : 'label'
  const values = rows.map((row) => {
    const value = row[key]
    if (value?.trim()) return value
    throw new MsError('data.field', `there is no "${key}"`, {
      where: row.at,
      advice: 'Give every picture a "label", or every picture a "text".',
    })
  })
  const pictures = rows.map(({ picture }) => picture)
  const { location } = files
  return key === 'label'
    ? { kind: 'labelled', columns: [pictures], modalities: ['image'], location, labels: values }
    : { kind: 'pair', columns: [values, pictures], modalities: ['text', 'image'], location }
}
