import { formatEpoch, type TrainEvent } from '@ms/finetune'
import { progressBar } from './progress-bar.js'
import type { Terminal } from './terminal.js'

/** Prints a training as it goes: a bar that moves, and a line an epoch. */
export function trainingPrinter(terminal: Terminal): { onEvent(event: TrainEvent): void; end(): void } {
  const bar = progressBar(terminal, 'train')
  return {
    onEvent: (event) => {
      if (event.type === 'start') {
        const dev = event.metrics ? `  dev ndcg@10 ${event.metrics['ndcg@10'].toFixed(3)} before` : ''
        const resumed = event.resumedAt > 0 ? `  resumed at step ${event.resumedAt}` : ''
        const work = `${counted(event.epochs, 'epoch')}, ${counted(event.steps, 'step')} of ${event.batchSize}`
        terminal.note(`${counted(event.examples, 'example')}, ${work}${dev}${resumed}`)
      } else if (event.type === 'step') {
        bar.update(event.step, event.steps, `loss ${event.loss.toFixed(4)}  ${Math.round(event.examplesPerSecond)} pairs/s`)
      } else if (event.type === 'epoch') {
        terminal.note(formatEpoch(event))
      } else if (event.type === 'end') {
        bar.end()
        const kept = event.metrics ? `, kept step ${event.bestStep}: dev ndcg@10 ${event.metrics['ndcg@10'].toFixed(3)}` : ''
        terminal.note(
          `${counted(event.steps, 'step')} in ${event.seconds.toFixed(1)} s${event.reason === 'early-stop' ? ', stopped early' : ''}${kept}`,
        )
        if (event.metrics && event.bestStep === 0) terminal.note('nothing was better than the untuned model on dev: it was kept as it is')
      }
    },
    end: () => bar.end(),
  }
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
