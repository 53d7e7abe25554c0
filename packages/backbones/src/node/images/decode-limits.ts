/** What a picture may cost. */
export interface DecodeLimits {
  /** Of the encoded file. Default: 50,000,000. */
  readonly bytes?: number
  /** Width × height of the encoded picture. Default: 50,000,000. */
  readonly pixels?: number
  /** Of libvips for one picture. Default: 10. */
  readonly seconds?: number
}

export const defaultLimits: Required<DecodeLimits> = { bytes: 50_000_000, pixels: 50_000_000, seconds: 10 }
