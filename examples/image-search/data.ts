import { stylesTask } from './data/styles.js'
import type { Task } from './data/task.js'
import { wordsTask } from './data/words.js'

export type { Question, Task } from './data/task.js'

/** Stands above everything. */
export const title = 'Image search: emoji by six hands'

/** What this example searches. The drawings come in npm packages, so there is nothing to download. */
export const tasks: Readonly<Record<string, () => Promise<Task>>> = { styles: stylesTask, words: wordsTask }
