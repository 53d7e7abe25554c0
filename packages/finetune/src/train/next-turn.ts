/**
 * Lets everything that is under way begin before what follows takes the thread: a step that an engine computes in a thread of its own has
 * then set out.
 */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
