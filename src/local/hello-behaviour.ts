import { parseDuration } from '../api/v1alpha1/duration.ts';

/** How a Hello World server treats a request: it answers after `delayMs`, with `status`; or never, when it hangs. */
export interface HelloBehaviour {
  readonly delayMs: number;
  readonly status: number;
  readonly hang: boolean;
}

export const WELL_BEHAVED: HelloBehaviour = { delayMs: 0, status: 200, hang: false };

/** A wrong value, with a sentence for whoever gave it. */
export class HelloBehaviourError extends Error {
  override readonly name = 'HelloBehaviourError';
  readonly code = 'HelloBehaviour';
}

/** `base`, changed by those of `delay` (such as `200ms`), `status` (200 to 599) and `hang` (`1` or `0`) that `query` gives. */
export function behaviourFrom(query: URLSearchParams, base: HelloBehaviour): HelloBehaviour {
  const delay = query.get('delay');
  const status = query.get('status');
  const hang = query.get('hang');
  return {
    delayMs: delay === null ? base.delayMs : readDelay(delay),
    status: status === null ? base.status : readStatus(status),
    hang: hang === null ? base.hang : readSwitch(hang),
  };
}

export function readDelay(text: string): number {
  const delay = text === '0' ? 0 : parseDuration(text);
  if (delay === null) throw new HelloBehaviourError(`"${text}" is not a duration: write it like 200ms or 1s500ms`);
  return delay;
}

export function readStatus(text: string): number {
  const status = Number(text);
  if (!/^[2-5][0-9]{2}$/.test(text)) throw new HelloBehaviourError(`"${text}" is not a status to answer with: give one from 200 to 599`);
  return status;
}

function readSwitch(text: string): boolean {
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw new HelloBehaviourError(`"${text}" is neither 1 nor 0`);
}
