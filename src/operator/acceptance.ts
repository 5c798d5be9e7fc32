import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { validate } from '../api/v1alpha1/validate.ts';
import { formatPath } from '../api/v1alpha1/validation/issue.ts';
import type { EgressRules } from '../egress/rules.ts';
import type { Problem } from '../status/input.ts';
import type { Child } from './child.ts';

const SHOWN = 5;

/**
 * The CRD's own rules once more: the resource may have been stored when the CRD had others. An unknown field counts too, because it
 * asks for something that this operator does not know how to give.
 */
export function invalidity(resource: LoadBalancedService): Problem | null {
  const { apiVersion, kind, metadata, spec } = resource;
  const issues = validate({ apiVersion, kind, metadata, spec });
  if (issues.length === 0) return null;
  const told = issues.slice(0, SHOWN).map(({ path, message }) => `${formatPath(path)} ${message}`);
  const more = issues.length > SHOWN ? `; and ${issues.length - SHOWN} more` : '';
  return { reason: 'Invalid', message: `${told.join('; ')}${more}` };
}

/**
 * Servers by address to which no balancer may connect. All else goes on without them: balancers leave them out too, so that what was allowed
 * once does not stay allowed.
 */
export function refusedAddresses(resource: LoadBalancedService, rules: EgressRules): Problem | null {
  const refused = resource.spec.backends.flatMap(({ name, addresses = [] }) => {
    const hosts = [...new Set(addresses.map(({ host }) => host))];
    return hosts.flatMap((host) => {
      const why = rules.hostRefusal(host);
      return why === null ? [] : [`backend ${name}: ${host} ${why}`];
    });
  });
  if (refused.length === 0) return null;
  const more = refused.length > SHOWN ? `; and ${refused.length - SHOWN} more` : '';
  return { reason: 'AddressNotAllowed', message: `${refused.slice(0, SHOWN).join('; ')}${more}` };
}

/** Services that backends refer to and that cannot be followed. All else goes on without them. `service`: as it is live, by name. */
export function brokenReferences(resource: LoadBalancedService, service: (name: string) => Child | undefined): Problem | null {
  const broken = resource.spec.backends.flatMap(({ name: backend, serviceRef }) => {
    if (serviceRef === undefined) return [];
    const found = service(serviceRef.name);
    if (found === undefined)
      return [{ reason: 'ServiceNotFound', message: `backend ${backend}: there is no Service "${serviceRef.name}" in this namespace` }];
    if (found.spec?.type !== 'ExternalName') return [];
    return [
      {
        reason: 'ServiceUnsupported',
        message: `backend ${backend}: Service "${serviceRef.name}" is of type ExternalName, which has no endpoints to follow`,
      },
    ];
  });
  const [first] = broken;
  return first === undefined ? null : { reason: first.reason, message: broken.map((problem) => problem.message).join('; ') };
}
