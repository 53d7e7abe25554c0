import { MsError } from '@ms/core'

export interface HubId {
  /** `org/name` */
  readonly repository: string
  /** A branch, a tag or a commit. */
  readonly revision: string
}

/** Whether a text has the form `org/name` or `org/name@revision`. Such a text may still be the path of a folder. */
export function isHubId(text: string): boolean {
  return form.test(text)
}

const form = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([\w.][\w./-]*))?$/

/** Reads `org/name` or `org/name@revision` (default: `main`). @throws `hub.id` */
export function parseHubId(text: string): HubId {
  const [, repository, revision = 'main'] = form.exec(text) ?? []
  if (repository === undefined || /\.\./.test(text)) {
    throw new MsError('hub.id', `"${text}" is no name of a model on the hub`, { advice: 'Write it as org/name or org/name@revision.' })
  }
  return { repository, revision }
}
