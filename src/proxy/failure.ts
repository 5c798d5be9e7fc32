/** Why an attempt ended without a whole response. */
export type AttemptFailure =
  | 'ConnectFailed' // refused or unreachable
  | 'ConnectTimeout'
  | 'Broken' // the connection broke before a response
  | 'Stale' // a kept-alive connection that the server closed as we wrote
  | 'NotProcessed' // the server says that it has not looked at the request: REFUSED_STREAM, or above GOAWAY's last stream
  | 'BadResponse' // what came is no HTTP, or ambiguous
  | 'ResponseTimeout' // not a byte for responseTimeoutMs
  | 'Cut' // the response began and broke off
  | 'Unhealthy' // its endpoint was marked down, or drained for too long, or is gone
  | 'OutOfResources'; // ours: no file descriptors, ports, memory or credentials

/** What a client is told, where a request could not be answered. */
export interface FailureAnswer {
  readonly status: 502 | 503 | 504;
  readonly message: string;
}

export const NO_SERVER: FailureAnswer = { status: 503, message: 'no server is available' };

/** 502: a server was asked and broke. 503: there was nobody to ask. 504: a server was asked and did not answer. */
export const FAILURE_ANSWERS: Readonly<Record<AttemptFailure, FailureAnswer>> = {
  ConnectFailed: NO_SERVER,
  ConnectTimeout: { status: 504, message: 'the server could not be reached in time' },
  Broken: { status: 502, message: 'the server closed the connection before it answered' },
  Stale: { status: 502, message: 'the server closed the connection before it answered' },
  NotProcessed: { status: 503, message: 'the server takes no more requests' },
  BadResponse: { status: 502, message: 'the server gave an answer that is not proper HTTP' },
  ResponseTimeout: { status: 504, message: 'the server did not answer in time' },
  Cut: { status: 502, message: 'the server broke off its answer' },
  Unhealthy: { status: 504, message: 'the server stopped answering' },
  OutOfResources: { status: 503, message: 'the balancer is out of resources' },
};

const OWN_ERRORS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'ECREDENTIALS']);

/** Errors of a connection that say nothing about the server at its other end. */
export function isOwnError(error: Error | null): boolean {
  return OWN_ERRORS.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}
