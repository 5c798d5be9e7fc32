/**
 * kube-score (https://github.com/zegl/kube-score) and kubernetes-validate (https://pypi.org/project/kubernetes-validate/) over what installs the
 * operator and what the operator makes: `make judge-manifests`. Every finding must be in EXPLAINED with its reason, and every entry of
 * EXPLAINED must be found. Pod templates of users are theirs and not judged.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { COMPONENT_LABEL } from '../../src/api/v1alpha1/labels.ts';
import { cacheFolder } from './cache.ts';

const KUBE_SCORE = 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0';
const KUBERNETES_VALIDATE = 'kubernetes-validate==1.37.0';
/** The first with all that the manifests use (ValidatingAdmissionPolicy v1), and the one that the tests run. */
const KUBERNETES = ['1.30', '1.34'];

/** By check and what it says. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'container-resources: CPU limit is not set':
    'Throttling would stall every request that passes through, and heartbeats with them; requests and a memory limit are there',
  'container-ephemeral-storage-request-and-limit: Ephemeral Storage limit is not set':
    'Nothing is written but the log, which the kubelet bounds; a limit would evict a balancer for the access log that somebody switched on',
  'container-ephemeral-storage-request-and-limit: Ephemeral Storage request is not set':
    'Nothing is written but the log (the root is read-only)',
  'container-security-context-user-group-id: The container is running with a low user ID':
    'The image says 65532, and runAsNonRoot has the kubelet check it; a number in the pod would be refused where a cluster gives its own (OpenShift)',
  'container-security-context-user-group-id: The container running with a low group ID': 'As the user: 65532 by the image',
  'container-image-pull-policy: ImagePullPolicy is not set to Always':
    'Always makes the start of a pod hang on the registry; who wants the image pinned gives its digest',
  'pod-networkpolicy: The pod does not have a matching egress NetworkPolicy':
    'Servers may be anywhere, and no selector says where the API server is; which addresses balancers refuse is in SECURITY.md',
  'deployment-has-host-podantiaffinity: Deployment does not have a host podAntiAffinity set':
    'topologySpreadConstraints over hosts (and zones) do that',
};

interface Scored {
  readonly object_name: string;
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly summary: string }[] | null;
  }[];
}

const root = join(import.meta.dirname, '../..');

/** One text of YAML by a name for messages. */
function manifests(): Map<string, string> {
  const made = (name: string) => {
    const objects = parseAllDocuments(readFileSync(join(root, `test/unit/resources/golden/${name}.out.yaml`), 'utf8')).map(
      (document) => document.toJS() as { metadata: { labels?: Record<string, string> } },
    );
    return objects
      .filter(({ metadata }) => metadata.labels?.[COMPONENT_LABEL] === 'balancer')
      .map((object) => stringify(object))
      .join('---\n');
  };
  return new Map([
    ['deploy/install.yaml', readFileSync(join(root, 'deploy/install.yaml'), 'utf8')],
    ['what is made for a balancer', made('shop')],
    ['what is made for a balancer with TLS', made('tls')],
  ]);
}

function kubeScore(): string {
  const folder = join(cacheFolder(), KUBE_SCORE.replace(/^.*@/, 'kube-score-'));
  const program = join(folder, 'kube-score');
  if (!existsSync(program)) execFileSync('go', ['install', KUBE_SCORE], { env: { ...process.env, GOBIN: folder }, stdio: 'inherit' });
  return program;
}

function kubernetesValidate(): string {
  const folder = join(cacheFolder(), KUBERNETES_VALIDATE.replace('==', '-'));
  const program = join(folder, 'bin/kubernetes-validate');
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    execFileSync(join(folder, 'bin/pip'), ['install', '--quiet', KUBERNETES_VALIDATE], { stdio: 'inherit' });
  }
  return program;
}

/** Findings as `check: what it says`, each with where. */
function score(program: string, name: string, text: string): [finding: string, where: string][] {
  const { stdout, stderr } = spawnSync(program, ['score', '--output-format', 'json', '-'], { input: text, encoding: 'utf8' });
  if (!stdout.startsWith('[')) throw new Error(`kube-score said: ${stdout}${stderr}`);
  return (JSON.parse(stdout) as Scored[]).flatMap(({ object_name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < 10)
      .flatMap(({ check, comments }) =>
        (comments ?? [{ summary: 'no reason given' }]).map(({ summary }): [string, string] => [
          `${check.id}: ${summary}`,
          `${name}: ${object_name}`,
        ]),
      ),
  );
}

function validate(program: string, version: string, name: string, text: string): string[] {
  const { status, stdout, stderr } = spawnSync(program, ['--strict', '--kubernetes-version', version, '-'], {
    input: text,
    encoding: 'utf8',
  });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.startsWith('INFO'));
  return status === 0 && lines.length === 0 ? [] : [`${name}, Kubernetes ${version}: ${lines.join('; ') || `exit status ${status}`}`];
}

const files = manifests();
const scorer = kubeScore();
const validator = kubernetesValidate();
const found = [...files].flatMap(([name, text]) => score(scorer, name, text));
const invalid = [...files].flatMap(([name, text]) => KUBERNETES.flatMap((version) => validate(validator, version, name, text)));
const unexplained = found.filter(([finding]) => EXPLAINED[finding] === undefined);
const stale = Object.keys(EXPLAINED).filter((finding) => !found.some(([each]) => each === finding));

for (const [finding, reason] of Object.entries(EXPLAINED)) console.log(`explained  ${finding}\n           ${reason}`);
for (const [finding, where] of unexplained) console.error(`UNEXPLAINED  ${where}: ${finding}`);
for (const finding of stale) console.error(`NOT FOUND ANY MORE  ${finding}`);
for (const line of invalid) console.error(`INVALID  ${line}`);
const objects = [...files.values()].reduce((sum, text) => sum + parseAllDocuments(text).length, 0);
const wrong = unexplained.length + stale.length + invalid.length;
console.log(
  `${objects} objects: ${found.length} findings, ${unexplained.length} of them unexplained; valid for Kubernetes ${KUBERNETES.join(' and ')}: ${invalid.length === 0}`,
);
process.exitCode = wrong === 0 ? 0 : 1;
