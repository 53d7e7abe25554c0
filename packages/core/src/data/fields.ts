import { MsError } from '../errors.js'

type Fields = Record<string, unknown>

/** An id may be written as a string or as a whole number. @throws `data.field` */
export function idField(fields: Fields, names: readonly string[], where: string): string {
  const name = names.find((candidate) => fields[candidate] !== undefined)
  const value = name === undefined ? undefined : fields[name]
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  throw new MsError('data.field', name ? `${name} must be a text that is not empty` : `there is no ${names[0]}`, {
    where,
    advice: `Every line needs ${names.map((n) => `"${n}"`).join(' or ')}.`,
  })
}

/** A text, or undefined when the field is not there. @throws `data.field` when it is there and is no text */
export function textField(fields: Fields, name: string, where: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new MsError('data.field', `"${name}" is ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}, not a text`, { where })
}
