import type { KubeClient } from '../../../src/kube/client.ts';
import { waitFor } from './wait.ts';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
/** Asked for beside what discovery tells: rights over rights, and over who one is. */
const SPECIAL: readonly [verb: string, group: string, resource: string][] = [
  ...['roles', 'clusterroles'].flatMap((resource): [string, string, string][] => [
    ['escalate', 'rbac.authorization.k8s.io', resource],
    ['bind', 'rbac.authorization.k8s.io', resource],
  ]),
  ...['users', 'groups', 'serviceaccounts'].map((resource): [string, string, string] => ['impersonate', '', resource]),
  ['*', '', 'pods'],
  ['*', '*', '*'],
  ['get', '*', '*'],
  ['approve', 'certificates.k8s.io', 'signers'],
  ['sign', 'certificates.k8s.io', 'signers'],
];

interface Kind {
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Every resource and subresource that the API server serves. What another test registers for a while may go between being named and being asked. */
export function servedKinds(admin: KubeClient): Promise<Kind[]> {
  return waitFor('every group to tell what it serves', () => kindsOfAllGroups(admin));
}

async function kindsOfAllGroups(admin: KubeClient): Promise<Kind[]> {
  const groups = await admin.request<{ groups: { versions: { groupVersion: string }[] }[] }>('GET', '/apis');
  const versions = groups.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion));
  const lists = await Promise.all(
    ['/api/v1', ...versions.map((version) => `/apis/${version}`)].map(async (path) => {
      const { resources } = await admin.request<{ resources: { name: string; namespaced: boolean }[] }>('GET', path);
      const group = path === '/api/v1' ? '' : (path.split('/')[2] ?? '');
      return resources.map(({ name, namespaced }): Kind => ({ group, resource: name, namespaced }));
    }),
  );
  return [...new Map(lists.flat().map((kind) => [`${kind.group}/${kind.resource}`, kind])).values()];
}

export interface Scope {
  readonly namespaces: readonly string[];
  /** Objects that are asked for by name too, by resource. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/**
 * All that somebody may do, asked right by right (SelfSubjectAccessReview): `verb resource.group [name] in namespace`; what holds for all
 * objects is not repeated for one of them.
 */
export async function rightsOf(who: KubeClient, kinds: readonly Kind[], { namespaces, names }: Scope): Promise<string[]> {
  const questions = kinds.flatMap(({ group, resource, namespaced }) =>
    VERBS.flatMap((verb): Question[] => {
      const places: { namespace?: string }[] = namespaced ? namespaces.map((namespace) => ({ namespace })) : [{}];
      const objects = [{}, ...(names[resource] ?? []).map((name) => ({ name }))];
      return places.flatMap((place) => objects.map((object) => ({ verb, group, resource, ...place, ...object })));
    }),
  );
  const special = SPECIAL.flatMap(([verb, group, resource]) =>
    [{}, ...namespaces.map((namespace) => ({ namespace }))].map((place) => ({ verb, group, resource, ...place })),
  );
  const allowed = new Set<string>();
  const left: Question[] = [...questions, ...special];
  const ask = async () => {
    for (let question = left.pop(); question; question = left.pop()) if (await isAllowed(who, question)) allowed.add(sentence(question));
  };
  await Promise.all(Array.from({ length: 16 }, ask));
  return [...allowed].filter((each) => !allowed.has(each.replace(/ "[^"]*"/, '')) || !each.includes('"')).sort();
}

async function isAllowed(who: KubeClient, { resource, ...question }: Question): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const resourceAttributes = { ...question, resource: plural, ...(subresource ? { subresource } : {}) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  return (await who.request<{ status: { allowed: boolean } }>('POST', path, { body })).status.allowed;
}

function sentence({ verb, group, resource, namespace, name }: Question): string {
  const [plural = '', subresource] = resource.split('/');
  const what = `${plural}${group === '' ? '' : `.${group}`}${subresource ? `/${subresource}` : ''}`;
  return `${verb} ${what}${name ? ` "${name}"` : ''}${namespace ? ` in ${namespace}` : ''}`;
}
