/** The API server answered, and refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly code: number;
  /** `reason` of the Status: NotFound, AlreadyExists, Conflict, Forbidden, Invalid, Expired and so on; empty where none was sent. */
  readonly reason: string;
  /** The API server's own words. */
  readonly serverMessage: string;
  readonly details: StatusDetails;
  /** What the server asks to wait before another try; null: nothing said. */
  readonly retryAfterMs: number | null;

  constructor(attempted: string, status: StatusFields, retryAfterMs: number | null = null) {
    super(`cannot ${attempted}: ${status.message} (${status.code}${status.reason ? ` ${status.reason}` : ''})`);
    this.code = status.code;
    this.reason = status.reason;
    this.serverMessage = status.message;
    this.details = status.details;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A metav1.Status as far as it is used here. */
export interface StatusFields {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

export type ConnectionErrorCode =
  | 'ApiUnreachable' // no connection, or it broke before the answer was whole
  | 'ApiConnectionStale' // a kept connection broke as it was taken up again
  | 'ApiUntrusted' // the server's certificate is not signed by the cluster's CA, or is for another name
  | 'ApiTimeout' // no whole answer in time
  | 'ApiResponseTooLarge'
  | 'ApiBadResponse'; // an answer that is not what a Kubernetes API server says

/** There was no usable answer: whether the API server has done what was asked is not known. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ConnectionErrorCode;

  constructor(code: ConnectionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export type CredentialsErrorCode = 'NoCluster' | 'BadKubeconfig' | 'BadServiceAccount' | 'LoginFailed';

/** It is not known which cluster to talk to, or as whom. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  readonly code: CredentialsErrorCode;

  constructor(code: CredentialsErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;

export const isAlreadyExists = (error: unknown): boolean => error instanceof ApiError && error.reason === 'AlreadyExists';

/** The object has changed since it was read, another field manager owns a field, or a precondition of a delete does not hold. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists';

/** The resource version, or the continue token, is older than what the API server still knows. */
export const isExpired = (error: unknown): boolean => error instanceof ApiError && error.code === 410;

export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.code === 403;

/** The API server understood and will never take this object: trying again changes nothing. */
export const isRejected = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 400 || error.code === 403 || error.code === 422);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
