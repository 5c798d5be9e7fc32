/** What a connection begins with is not what it must begin with. */
export class PreambleError extends Error {
  override readonly name: string = 'PreambleError';
}
