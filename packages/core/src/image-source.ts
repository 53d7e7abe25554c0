/** A picture as an item: the path of its file, or the bytes of the encoded file (JPEG, PNG, WebP …). */
export type ImageSource = string | Uint8Array
