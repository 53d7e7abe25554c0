/** What can be done about errors of a kind, by the first word of their code, where the error itself has no better advice. */
const byDomain: Readonly<Record<string, string>> = {
  checkpoint: 'The file is damaged or of another kind; fetch or make it again.',
  cli: 'See --help.',
  data: 'Mend the data at that place.',
  encoder: 'Name another model; ms models lists those with a short name.',
  engine: 'Try --backend auto.',
  file: 'Check the path.',
  hub: 'Check the model’s name and the connection.',
  index: 'Create the collection anew from its documents.',
  onnx: 'Export it without --quantize, or write the network with other operations.',
  search: 'See ms search --help.',
  tokenizer: 'Take tokenizer and weights from the same model.',
  train: 'See ms train --help for the settings, and check the data.',
  weights: 'Take the configuration and the weights from the same model.',
}

/** Advice for an error that has none of its own. */
export function adviceFor(code: string): string {
  return byDomain[code.split('.')[0]] ?? 'See --help.'
}
