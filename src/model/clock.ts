/** Monotonic milliseconds, from an arbitrary start. Only durations mean anything. */
export type Clock = () => number;

/** Uniform in [0, 1), as Math.random. */
export type Random = () => number;
