import { KubeClient } from '../../../src/kube/client.ts';
import type { Credentials } from '../../../src/kube/credentials.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';

/** As an administrator who takes on the name of somebody else: what the API server then allows is what it allows them. */
export async function impersonating(user: string): Promise<KubeClient> {
  const base = await findCredentials();
  return clientOf(base, async () => {
    const login = await base.current();
    return { ...login, headers: { ...login.headers, 'Impersonate-User': user } };
  });
}

/** With nothing but a token: no client certificate. */
export async function withToken(token: string): Promise<KubeClient> {
  const credentials = await tokenCredentials(token);
  return new KubeClient(credentials, { userAgent: 'evenkeel-test' });
}

export async function tokenCredentials(token: string): Promise<Credentials> {
  const base = await findCredentials();
  return { ...base, server: base.server, namespace: base.namespace, renew: () => {}, current: () => loginBy(base, token) };
}

async function loginBy(base: Credentials, token: string): ReturnType<Credentials['current']> {
  const { tls } = await base.current();
  return { headers: { Authorization: `Bearer ${token}` }, tls: tls.ca === undefined ? {} : { ca: tls.ca } };
}

function clientOf(base: Credentials, current: Credentials['current']): KubeClient {
  return new KubeClient(
    { server: base.server, namespace: base.namespace, renew: () => base.renew(), current },
    { userAgent: 'evenkeel-test' },
  );
}

/** A token of a service account, as the kubelet gets it for a pod where one is given. */
export async function tokenOf(admin: KubeClient, namespace: string, account: string, pod?: { name: string; uid: string }): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
  return (await admin.request<{ status: { token: string } }>('POST', path, { body })).status.token;
}
