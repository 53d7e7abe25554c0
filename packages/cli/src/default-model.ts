import type { ModelFiles } from '@ms/core'

/** The model that is used where none is named. */
export const defaultModel = 'ms-mini-text'
/** The same for pictures. */
export const defaultPictureModel = 'ms-mini-image'

/** Models that come with the program. */
export const builtinModels: Readonly<Record<string, () => Promise<ModelFiles>>> = {
  [defaultModel]: async () => (await import('@ms/mini')).miniText(),
  [defaultPictureModel]: async () => (await import('@ms/mini')).miniImage(),
}
