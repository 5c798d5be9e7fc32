// Limits that are fixed. Those that can be set are LimitsConfig; docs/reference.md lists both, and a test compares.

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
/** For a client that came when there was too much at once. */
export const RETRY_AFTER_SECONDS = 1;
export const OVERLOAD_FIELDS = `Retry-After: ${RETRY_AFTER_SECONDS}\r\n`;
