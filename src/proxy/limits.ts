// Limits that are fixed. Those that can be set are LimitsConfig; docs/reference.md lists both, and a test compares.

/** Streams that a client of HTTP/2 may have under way on one connection. RFC 9113 §6.5.2 advises 100 or more. */
export const STREAMS_PER_CONNECTION = 128;
/** Streams that we open on one HTTP/2 connection to a server, where it allows as many; more need another connection. */
export const STREAMS_PER_SERVER_CONNECTION = 100;
/** An HTTP/2 connection to a server without a stream. */
export const HTTP2_UPSTREAM_IDLE_MS = 60_000;
/** Bytes on their way on one HTTP/2 connection, either side of us. This window opens again as soon as bytes have come, whoever has taken them. */
export const HTTP2_CONNECTION_WINDOW_BYTES = 1_048_576;
/** Bytes of one stream's body that may wait here: so much on each, whatever other streams have. */
export const HTTP2_STREAM_WINDOW_BYTES = 65_535;
/** Megabytes that one HTTP/2 connection to a server may take up in all, beyond which node:http2 resets its streams: more than all windows and buffers together. */
export const HTTP2_MEMORY_MB = 32;
/** Between the GOAWAY that asks a client to open no more streams and the one that refuses them: what is on its way meanwhile is served. */
export const GOAWAY_MS = 1_000;

/** After an answer that closes: for how long and how much we still read, so that a reset does not destroy the answer. */
export const LINGER_MS = 2_000;
export const LINGER_BYTES = 1_048_576;

/** An idle connection to a server: shorter than the 5 s after which Node's own servers, the most impatient ones around, close theirs. */
export const UPSTREAM_IDLE_MS = 4_000;
export const UPSTREAM_IDLE_CONNECTIONS = 1_024;
/** Interim answers (1xx) to one request; over it the upstream is broken: 502. */
export const INTERIM_RESPONSES = 16;
/** Attempts of one request, hedges included. */
export const ATTEMPTS = 8;

/**
 * Up to here (and so up to the size of a read that is not a stream's) a message is put together as one latin1 string: one system call, and no
 * buffer that must outlive it. With a head of 1 KiB it is still under the 16 KiB up to which Node writes a string without allocating.
 */
export const ONE_STRING_BYTES = 15_360;
/** Of a client that waits for a server, so much is read: enough to see that it leaves, where it has said no more. */
export const WAITING_BYTES = 16_384;
/** For a client that came when there was too much at once. */
export const RETRY_AFTER_SECONDS = 1;
export const OVERLOAD_FIELDS = `Retry-After: ${RETRY_AFTER_SECONDS}\r\n`;
