/** A header block that RFC 7541 does not allow. The state that both sides share is lost with it: the connection has to end (RFC 9113 §4.3). */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}
