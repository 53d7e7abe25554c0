import { newsTask } from './data/news.js'
import type { Task } from './data/task.js'
import { wordsTask } from './data/words.js'

export type { Task } from './data/task.js'

/** What this example searches. Both read what an npm package holds, so there is nothing to download. */
export const tasks: Readonly<Record<string, () => Promise<Task>>> = { news: newsTask, words: wordsTask }
