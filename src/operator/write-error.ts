import { COMPONENT_LABEL } from '../api/v1alpha1/labels.ts';
import { ApiError } from '../kube/errors.ts';
import type { Manifest } from '../resources/owned.ts';
import type { Problem } from '../status/input.ts';

/** Trying the same again soon would give the same answer, where a field is wrong; a policy, a quota or a right may change with time. */
const RETRY_INVALID_MS = 300_000;
const RETRY_FORBIDDEN_MS = 60_000;

/** Who owns an object without a controller. */
export const NOBODY = 'nobody that manages it';

export interface Refusal {
  readonly problem: Problem;
  readonly retryMs: number;
}

/** What the API server will not take, in its own words; null: the error may pass. */
export function refusalOf(error: unknown, manifest: Manifest): Refusal | null {
  if (!(error instanceof ApiError) || ![400, 403, 422].includes(error.code)) return null;
  const what = `${manifest.kind} "${manifest.metadata.name}"`;
  const message = `the API server refused ${what}: ${error.serverMessage}`;
  const reason = /^[A-Za-z]+$/.test(error.reason) ? error.reason : 'Refused';
  // A policy's refusal is 422 as well; only that of a field names it.
  const isOfField = error.details.causes?.some((cause) => cause.field) ?? false;
  return { problem: { reason, message }, retryMs: isOfField ? RETRY_INVALID_MS : RETRY_FORBIDDEN_MS };
}

/** The namespace is going, or has gone: there is nothing to do in it any more. */
export function isNamespaceGoing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const causes = error.details.causes ?? [];
  return causes.some((cause) => cause.reason === 'NamespaceTerminating') || (error.code === 404 && error.details.kind === 'namespaces');
}

export function nameConflict(manifest: Manifest, owner: string): Refusal {
  const what = `${manifest.kind} "${manifest.metadata.name}"`;
  const adoptable = manifest.kind === 'Service' && manifest.metadata.labels?.[COMPONENT_LABEL] === 'balancer' && owner === NOBODY;
  const message = `${what} is there already and belongs to ${owner}, so it is left alone: remove it, or choose another name${adoptable ? ', or have it taken over (spec.service.adoption: IfUnowned)' : ''}`;
  return { problem: { reason: 'NameConflict', message }, retryMs: RETRY_FORBIDDEN_MS };
}
