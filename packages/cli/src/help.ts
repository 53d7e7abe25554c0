import type { Command } from './command.js'
import { fit } from './display-width.js'
import type { OptionSpec } from './option-values.js'

const written = (name: string, spec: OptionSpec) => {
  if (spec.type === 'boolean') return `--${name}`
  const value =
    spec.value ??
    (spec.type === 'string' && spec.choices ? spec.choices.join('|') : spec.type === 'string' || spec.type === 'strings' ? 'TEXT' : 'N')
  return `--${name} ${value}`
}

export function commandHelp(command: Command): string {
  const lines = Object.entries(command.options).map(([name, spec]) => [written(name, spec), spec.help])
  const width = Math.min(34, Math.max(...lines.map(([option]) => option.length)))
  const options = lines.map(([option, help]) =>
    option.length > width ? `  ${option}\n  ${' '.repeat(width)}  ${help}` : `  ${fit(option, width)}  ${help}`,
  )
  const examples = command.examples?.length ? `\n\nExamples\n${command.examples.map((line) => `  ${line}`).join('\n')}` : ''
  return `${command.summary}\n\nUsage: ms ${command.name} ${command.usage}\n\nOptions\n${options.join('\n')}${examples}`
}

export function overview(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  const list = commands.map((command) => `  ${fit(command.name, width)}  ${command.summary}`).join('\n')
  return `ms: fine-tune a pre-trained encoder on your documents, and search with it.\n\nUsage: ms COMMAND [OPTIONS]\n\n${list}\n\nms COMMAND --help shows a command's options. Results go to stdout, progress to stderr.\nExit code: 0 done, 1 failed, 2 wrong use or bad input.`
}
