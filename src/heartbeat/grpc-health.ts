/** Messages of grpc.health.v1 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), as they go over the wire. */

/** Of each gRPC message: one byte that says that it is not compressed, four of its length. */
export const PREFIX_BYTES = 5;
const SERVICE_FIELD = 0x0a; // field 1, length-delimited
const STATUS_FIELD = 0x08; // field 1, varint
const SERVING = 1;

/** HealthCheckRequest for `service` (ASCII, at most 16,383 bytes; empty: the server as a whole), with its prefix. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'latin1');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_FIELD, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Whether a HealthCheckResponse, with its prefix, says SERVING; null: it is none. A status left out is 0, UNKNOWN. */
export function saysServing(body: Buffer): boolean | null {
  if (body.length < PREFIX_BYTES || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) return null;
  if (body.length === PREFIX_BYTES) return false;
  // Nothing but field 1, whose values all fit one byte.
  if (body.length !== PREFIX_BYTES + 2 || body[PREFIX_BYTES] !== STATUS_FIELD) return null;
  return body[PREFIX_BYTES + 1] === SERVING;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
