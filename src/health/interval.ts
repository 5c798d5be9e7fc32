import type { HeartbeatConfig, ScheduleConfig } from '../model/config.ts';

/*
 * T = N / R. T: heartbeat interval, N: servers under heartbeat, R: heartbeat responses a second.
 *
 * - Fixed: T is given, R = N / T.
 * - Budget: R is declared, T = N / R, held to minInterval from below. Over maxInterval T follows N / R all the same: the budget wins, and
 *   `overMaxInterval` says so.
 * - Measured: R = 1 / (mean response time of answered heartbeats), so T = N x mean: one sweep over all servers, one after the other. Held to
 *   minInterval..maxInterval; before the first answer T is maxInterval (each new endpoint is checked at once, so that is soon over).
 */

export interface Interval {
  readonly intervalMs: number;
  readonly overMaxInterval: boolean;
}

export function intervalOf(schedule: ScheduleConfig, servers: number, meanResponseMs: number | null): Interval {
  switch (schedule.type) {
    case 'Fixed':
      return { intervalMs: schedule.intervalMs, overMaxInterval: false };
    case 'Budget': {
      const swept = (servers / schedule.checksPerSecond) * 1_000;
      return { intervalMs: Math.max(swept, schedule.minIntervalMs), overMaxInterval: swept > schedule.maxIntervalMs };
    }
    case 'Measured': {
      const swept = meanResponseMs === null ? schedule.maxIntervalMs : servers * meanResponseMs;
      return { intervalMs: Math.min(Math.max(swept, schedule.minIntervalMs), schedule.maxIntervalMs), overMaxInterval: false };
    }
  }
}

/**
 * Mean response time of answered heartbeats, over about the last round: each of `servers` answers moves it by its share. Early answers count
 * for more, so that it starts at the first one. The gain is what makes T change smoothly under Measured.
 */
export class MeanResponse {
  #mean: number | null = null;
  #samples = 0;

  observe(milliseconds: number, servers: number): void {
    this.#samples += 1;
    const gain = Math.max(1 / this.#samples, 1 / Math.max(servers, LEAST_SMOOTHING));
    this.#mean = (this.#mean ?? milliseconds) + (milliseconds - (this.#mean ?? milliseconds)) * gain;
    this.#samples = Math.min(this.#samples, Math.max(servers, LEAST_SMOOTHING));
  }

  /** In milliseconds; null before the first answer. */
  get mean(): number | null {
    return this.#mean;
  }
}

/** A mean over fewer answers would jump with each of them. */
const LEAST_SMOOTHING = 16;

/**
 * Longest time until an idle endpoint's freeze is noticed. It freezes right after an answer; its next check begins T x (1 + jitter) after that
 * one began, and is missed after the timeout; each further one begins at once and is missed after the timeout, failureThreshold in all.
 * What it leaves out: our own loop standing still, and many endpoints freezing together, whose further checks share the recheck budget.
 */
export function maxDetectionMs(
  intervalMs: number,
  config: Pick<HeartbeatConfig, 'jitterPercent' | 'failureThreshold' | 'timeoutMs'>,
): number {
  return intervalMs * (1 + config.jitterPercent / 100) + config.failureThreshold * config.timeoutMs;
}
