import { loadEncoder, type SentenceEncoder } from '@ms/embed'
import { miniText } from '@ms/mini'

export type Encoder = SentenceEncoder

/** How the encoder is called in run.json. */
export const encoderName = 'ms-mini-text'

/** What turns an item into a vector before anything is tuned. It comes with its package: nothing to download. */
export const openEncoder = async (): Promise<Encoder> => loadEncoder(miniText())
