// Imported before a program: `onnxruntime-node` is looked for from the file that stands after `?from=`, where a test has put a broken one, or none.
import { register } from 'node:module'

const hooks = `
export function resolve(specifier, context, next) {
  if (specifier !== 'onnxruntime-node') return next(specifier, context)
  return next(specifier, { ...context, parentURL: ${JSON.stringify(new URL(import.meta.url).searchParams.get('from'))} })
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
