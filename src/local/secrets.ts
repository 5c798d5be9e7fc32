import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { Path } from '../api/v1alpha1/validation/issue.ts';
import type { ParsedResource } from '../config/parse-resources.ts';
import type { BalancerConfig } from '../model/config.ts';
import { credentialProblems } from '../tls/server-credentials.ts';
import { LocalError } from './local-error.ts';
import { placeOf } from './place.ts';

/** Where a resource names a Secret. */
export interface SecretRef {
  readonly secret: string;
  readonly path: Path;
}

/** Every mention of a Secret, in the order of the resource. */
export function secretRefs({ spec }: LoadBalancedService): SecretRef[] {
  return spec.ports.flatMap(({ tls }, index) => {
    const path = ['spec', 'ports', index, 'tls'];
    const certificates = (tls?.certificateRefs ?? []).map(({ name }, nth) => ({
      secret: name,
      path: [...path, 'certificateRefs', nth, 'name'],
    }));
    const authority = tls?.clientValidation?.caCertificateRef.name;
    return authority === undefined
      ? certificates
      : [...certificates, { secret: authority, path: [...path, 'clientValidation', 'caCertificateRef', 'name'] }];
  });
}

/** Throws where `--secret` names a Secret that no resource uses: most likely it is misspelt. */
export function rejectUnusedSecrets(secrets: ReadonlyMap<string, string>, resources: readonly ParsedResource[]): void {
  const used = new Set(resources.flatMap(({ resource }) => secretRefs(resource).map(({ secret }) => secret)));
  for (const name of secrets.keys()) {
    if (used.has(name)) continue;
    const known = used.size === 0 ? 'none is used' : `there are ${[...used].join(', ')}`;
    throw new LocalError('Usage', `--secret ${name}=...: no resource uses a Secret of that name; ${known}`);
  }
}

/** Throws where the files of a Secret cannot be used, before anything has been started. */
export function probeSecrets(plans: ReadonlyMap<ParsedResource, { readonly config: BalancerConfig }>): void {
  const problems = [...plans].flatMap(([parsed, { config }]) => {
    const refs = secretRefs(parsed.resource);
    const found = config.listeners.flatMap(({ tls }) => (tls ? credentialProblems(tls) : []));
    return found.map(({ secret, problem }) => {
      const place = placeOf(parsed, refs.find((ref) => ref.secret === secret)?.path);
      return `${place}: Secret ${secret}: ${problem}`;
    });
  });
  if (problems.length > 0) throw new LocalError('Resource', [...new Set(problems)]);
}
