import type { Upstream } from './upstream.ts';

/** What the proxy tells of an endpoint's traffic. Whoever listens keeps its health; nothing here may throw or take long. */
export interface TrafficObserver {
  /** The first byte of a response came `firstByteMs` after the request had been sent. */
  answered(upstream: Upstream, firstByteMs: number): void;
  /** A response was received whole. */
  completed(upstream: Upstream): void;
  /** A connection for a request was refused, timed out, or broke before a response. */
  failed(upstream: Upstream): void;
  /** A response began and broke off, or was no HTTP. */
  cut(upstream: Upstream): void;
  /** The endpoint has owed an answer for `unansweredMs`, far longer than is normal for it. Repeated while that is so. */
  overdue(upstream: Upstream, unansweredMs: number): void;
  /** A request that `upstream` held, or that failed on it, has been answered by another. */
  rescued(upstream: Upstream): void;
  /** A request that `upstream` held, or that failed on it, was seen to fail by its client. */
  lost(upstream: Upstream): void;
}
