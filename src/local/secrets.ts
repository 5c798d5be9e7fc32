import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { Path } from '../api/v1alpha1/validation/issue.ts';
import type { ParsedResource } from '../config/parse-resources.ts';
import type { BalancerConfig } from '../model/config.ts';
import { problemsOf } from '../tls/secret-sources.ts';
import { LocalError } from './local-error.ts';
import { placeOf } from './place.ts';

/** Where a resource names a Secret. */
export interface SecretRef {
  readonly secret: string;
  readonly path: Path;
}

/** Every mention of a Secret, in the order of the resource. */
export function secretRefs({ spec }: LoadBalancedService): SecretRef[] {
  const found: SecretRef[] = [];
  const add = (ref: { readonly name: string } | undefined, ...path: Path) => {
    if (ref) found.push({ secret: ref.name, path: [...path, 'name'] });
  };
  for (const [index, { tls }] of spec.ports.entries()) {
    const path = ['spec', 'ports', index, 'tls'];
    for (const [nth, ref] of (tls?.certificateRefs ?? []).entries()) add(ref, ...path, 'certificateRefs', nth);
    add(tls?.clientValidation?.caCertificateRef, ...path, 'clientValidation', 'caCertificateRef');
  }
  for (const [index, { tls }] of spec.backends.entries()) {
    add(tls?.caCertificateRef, 'spec', 'backends', index, 'tls', 'caCertificateRef');
    add(tls?.certificateRef, 'spec', 'backends', index, 'tls', 'certificateRef');
  }
  return found;
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
    const found = [
      ...config.listeners.flatMap(({ tls }) => (tls ? problemsOf([...tls.certificates, tls.clientCa]) : [])),
      ...config.backends.flatMap(({ tls }) => (tls ? problemsOf([tls.certificate, tls.ca]) : [])),
    ];
    return found.map(({ secret, problem }) => {
      const place = placeOf(parsed, refs.find((ref) => ref.secret === secret)?.path);
      return `${place}: Secret ${secret}: ${problem}`;
    });
  });
  if (problems.length > 0) throw new LocalError('Resource', [...new Set(problems)]);
}
