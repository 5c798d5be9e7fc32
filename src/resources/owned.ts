import type { ObjectMeta } from '../api/meta.ts';
import { type Component, objectLabels } from '../api/v1alpha1/labels.ts';
import { API_VERSION, KIND, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';

/** An object as it is wanted: what is in it is ours, what is not in it is somebody else's or the API server's default. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

/** Annotation of an object that is to outlive the resource and so has no owner: the uid of the resource that it is kept for. */
export const HOLDER_ANNOTATION = 'evenkeel.dev/held-by';

/**
 * Metadata that every object made for a resource has: its labels, and the resource as controller, so that garbage collection removes
 * the object with the resource and nobody else manages it.
 */
export function ownedMetadata(resource: LoadBalancedService, name: string, component: Component, backend?: string): Manifest['metadata'] {
  return {
    name,
    namespace: resource.metadata.namespace ?? 'default',
    labels: objectLabels(resourceName(resource), component, backend),
    ownerReferences: [
      {
        apiVersion: API_VERSION,
        kind: KIND,
        name: resourceName(resource),
        uid: resource.metadata.uid ?? '',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

/** The same for an object that garbage collection is to leave alone. */
export function heldMetadata(resource: LoadBalancedService, name: string, component: Component): Manifest['metadata'] {
  const { ownerReferences: _owners, ...metadata } = ownedMetadata(resource, name, component);
  return { ...metadata, annotations: { [HOLDER_ANNOTATION]: resource.metadata.uid ?? '' } };
}
