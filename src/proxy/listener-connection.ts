/** A client's connection, of whatever protocol. */
export interface ListenerConnection {
  /** Nothing is under way on it. */
  readonly idle: boolean;
  tickClient(now: number): void;
  closeIfIdle(now: number, idleMs: number): void;
  close(): void;
}
