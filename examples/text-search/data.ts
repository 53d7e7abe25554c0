import { newsTask } from './data/news.js'
import type { Task } from './data/task.js'
import { wordsTask } from './data/words.js'

export type { Question, Task } from './data/task.js'

/** Stands above everything. */
export const title = 'Text search: the news of 2002, and a dictionary read backwards'

/** What this example searches. Both read what an npm package holds, so there is nothing to download. */
export const tasks: Readonly<Record<string, () => Promise<Task>>> = { news: newsTask, words: wordsTask }
