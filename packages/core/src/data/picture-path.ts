import { MsError } from '../errors.js'

/** Those that cannot be read too, so that they are missed: the decoder says what they are. */
const pictureName = /\.(png|jpe?g|jpe|jfif|webp|avif|gif|svg|tiff?|bmp|heic|heif|ico|jxl|jp2|tga|psd)$/i

/** Whether a file's name is that of a picture. */
export const isPictureName = (name: string): boolean => pictureName.test(name)

/**
 * The path of a picture that data names, below the folder of the data: what leads out of it, or to a host, is refused.
 * @throws `data.path`
 */
export function picturePath(location: string, name: string, at: string): string {
  const parts = name.replaceAll('\\', '/').split('/')
  const outside = name === '' || name.includes('\0') || parts.includes('..') || parts[0] === '' || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(name)
  if (outside) {
    throw new MsError('data.path', `${JSON.stringify(name)} is no path below the folder of the data`, {
      where: at,
      advice: 'Name pictures relative to the file that names them, without "..".',
    })
  }
  return `${location.replace(/[\\/]+$/, '')}/${parts.filter((part) => part !== '.' && part !== '').join('/')}`
}
