import type { RetryMethods } from '../model/config.ts';

/** RFC 9110 §9.2.1. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** RFC 9110 §9.2.2, beyond the safe ones. */
const IDEMPOTENT = new Set(['PUT', 'DELETE']);

export interface RetryQuestion {
  /** A byte of a final response has gone to the client; an interim 1xx is none. */
  readonly responseStarted: boolean;
  /** A byte of the request may have left for the server whose attempt ended. */
  readonly requestLeft: boolean;
  /** Every byte of the body that has come so far is still at hand. */
  readonly bodyWhole: boolean;
  readonly method: string;
  readonly hasIdempotencyKey: boolean;
  readonly retryMethods: RetryMethods;
}

/** Whether a request may be attempted again, on another server. This is the whole rule: budget and choice of a server come after it. */
export function mayRetry(question: RetryQuestion): boolean {
  if (question.responseStarted || !question.bodyWhole) return false;
  return !question.requestLeft || methodMayRetry(question.method, question.hasIdempotencyKey, question.retryMethods);
}

/** Whether a request of this method may reach two servers. */
export function methodMayRetry(method: string, hasIdempotencyKey: boolean, retryMethods: RetryMethods): boolean {
  if (retryMethods === 'None') return false;
  if (SAFE.has(method)) return true;
  if (retryMethods === 'Safe') return false;
  return IDEMPOTENT.has(method) || (retryMethods === 'Keyed' && hasIdempotencyKey);
}

/** Whether a copy may run beside an attempt that is still alive: both may end up executed, whatever `retryMethods` says of retries. */
export function mayHedge(method: string, retryMethods: RetryMethods): boolean {
  return retryMethods !== 'None' && SAFE.has(method);
}
