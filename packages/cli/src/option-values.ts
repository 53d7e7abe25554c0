import { MsError } from '@ms/core'
import { nearest } from './nearest.js'

interface Described {
  readonly help: string
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
}

/** How one option of a command is written. Its name on the command line is its key: `--batch-size`. */
export type OptionSpec =
  | (Described & { readonly type: 'boolean' })
  | (Described & { readonly type: 'string'; readonly choices?: readonly string[]; readonly required?: boolean })
  | (Described & { readonly type: 'strings' })
  | (Described & { readonly type: 'number' | 'integer'; readonly min?: number; readonly max?: number })

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type ValueOf<S> = S extends { type: 'boolean' }
  ? boolean
  : S extends { type: 'number' | 'integer' }
    ? number | undefined
    : S extends { type: 'strings' }
      ? readonly string[]
      : S extends { required: true }
        ? string
        : string | undefined

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: ValueOf<S[K]> }

export const wrongUse = (message: string, advice?: string) => new MsError('cli.usage', message, { where: 'the command line', advice })

function parseNumber(name: string, text: string, spec: Extract<OptionSpec, { type: 'number' | 'integer' }>): number {
  const value = Number(text)
  const range = [spec.min === undefined ? '' : `at least ${spec.min}`, spec.max === undefined ? '' : `at most ${spec.max}`]
    .filter(Boolean)
    .join(' and ')
  const kind = spec.type === 'integer' ? 'a whole number' : 'a number'
  const inside = value >= (spec.min ?? Number.NEGATIVE_INFINITY) && value <= (spec.max ?? Number.POSITIVE_INFINITY)
  const right = text.trim() !== '' && Number.isFinite(value) && (spec.type === 'number' || Number.isSafeInteger(value)) && inside
  if (!right) throw wrongUse(`--${name} is "${text}"`, `Give ${kind}${range ? ` of ${range}` : ''}.`)
  return value
}

/**
 * Options and operands of one command. `--name value`, `--name=value`, and `--` before operands that begin with a dash.
 * @throws `cli.usage` for an unknown option (naming the nearest), a value that is missing, wrong, or given twice
 */
export function parseOptions<S extends OptionSpecs>(words: readonly string[], specs: S): { values: OptionValues<S>; operands: string[] } {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(specs))
    values[name] = spec.type === 'boolean' ? false : spec.type === 'strings' ? [] : undefined
  const operands: string[] = []
  const given = new Set<string>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === '--') {
      operands.push(...words.slice(i + 1))
      break
    }
    if (!word.startsWith('--')) {
      if (/^-[a-zA-Z]/.test(word))
        throw wrongUse(`there is no option ${word}`, 'Options begin with two dashes; put -- before a text that begins with a dash.')
      operands.push(word)
      continue
    }
    const [, name, inline] = word.match(/^--([^=]*)(?:=([\s\S]*))?$/) ?? []
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (!spec) {
      const near = nearest(name, Object.keys(specs))
      throw wrongUse(`there is no option --${name}`, near ? `Did you mean --${near}?` : 'See --help.')
    }
    if (given.has(name) && spec.type !== 'strings') throw wrongUse(`--${name} is given twice`, 'Give it once.')
    given.add(name)
    if (spec.type === 'boolean') {
      if (inline !== undefined) throw wrongUse(`--${name} takes no value`, `Write --${name} alone, or leave it out.`)
      values[name] = true
      continue
    }
    const text = inline ?? words[++i]
    if (text === undefined || (inline === undefined && text.startsWith('--')))
      throw wrongUse(`--${name} needs a value`, `--${name} ${spec.value ?? 'VALUE'}`)
    if (spec.type === 'strings') (values[name] as string[]).push(text)
    else if (spec.type === 'string') {
      if (spec.choices && !spec.choices.includes(text)) throw wrongUse(`--${name} is "${text}"`, `It is one of ${spec.choices.join(', ')}.`)
      values[name] = text
    } else values[name] = parseNumber(name, text, spec)
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.type === 'string' && spec.required && values[name] === undefined)
      throw wrongUse(`--${name} is missing`, `--${name} ${spec.value ?? 'VALUE'}: ${spec.help}`)
  }
  return { values: values as OptionValues<S>, operands }
}
