import { ApiError, type StatusDetails } from './errors.ts';

const MAX_TEXT = 1000;

/** The ApiError that an answer with an error status stands for. `attempted` completes "cannot ...". */
export function apiErrorFrom(attempted: string, httpStatus: number, body: string, retryAfterSeconds: number | null): ApiError {
  const status = parseStatus(body);
  const seconds = retryAfterSeconds ?? status?.details?.retryAfterSeconds ?? null;
  const message = status?.message || body.slice(0, MAX_TEXT).trim() || 'no reason given';
  const fields = { code: status?.code || httpStatus, reason: status?.reason ?? '', message, details: status?.details ?? {} };
  return new ApiError(attempted, fields, seconds === null ? null : Math.max(0, seconds) * 1000);
}

interface Status {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** Proxies and load balancers in front of an API server answer in HTML or plain text: null. */
function parseStatus(body: string): Status | null {
  try {
    const parsed = JSON.parse(body) as Status | null;
    return parsed?.kind === 'Status' ? parsed : null;
  } catch {
    return null;
  }
}
