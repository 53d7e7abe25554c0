import { MsError } from '@ms/core'
import { defaultPictureModel } from './default-model.js'

/** What to say where texts are given to a model of pictures. */
export const takesPictures = (name: string): MsError =>
  new MsError('encoder.modality', 'this model takes pictures, and these are texts', {
    where: name,
    advice: 'Name a model of texts with --model.',
  })

/** What to say where pictures are given to a model of texts. */
export const takesTexts = (name: string): MsError =>
  new MsError('encoder.modality', 'this model takes texts, and these are pictures', {
    where: name,
    advice: `Name a model of pictures with --model, ${defaultPictureModel} for example.`,
  })
