import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A file that follows from others. */
export interface Output {
  readonly path: string;
  readonly text: string;
}

const BASE = 'deploy/kustomize/base';
const MONITORING = 'deploy/kustomize/components/monitoring';
const CHART = 'deploy/helm/evenkeel';
const NAMESPACE = 'namespace.yaml';
const DO_NOT_EDIT = `Generated from deploy/kustomize by scripts/generate.ts (npm run generate). Do not edit.`;

const INSTALL_HEAD = `# ${DO_NOT_EDIT}
# The operator, in a namespace of its own. First the CRDs, then this:
#   kubectl apply -f crds/ -f deploy/install.yaml
# evenkeel:dev is the image that \`make image\` builds; put the name under which your cluster can pull it in its two places below.
`;

/** deploy/install.yaml, and what of the chart follows from deploy/kustomize and from crds/. */
export function generateManifests(root: URL, crds: readonly string[]): Output[] {
  const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
  const { resources } = parse(read(`${BASE}/kustomization.yaml`)) as { resources: string[] };
  const files = resources.map((file) => ({ file, text: read(`${BASE}/${file}`) }));
  const copied = crds.map((path) => ({ file: path.replace(/^crds\//, ''), text: read(path) }));
  const outputs = [
    { path: 'deploy/install.yaml', text: INSTALL_HEAD + files.map(({ text }) => text).join('---\n') },
    // `helm install --create-namespace` makes it.
    ...files
      .filter(({ file }) => file !== NAMESPACE)
      .map(({ file, text }) => ({ path: `${CHART}/templates/${file}`, text: template(file, text) })),
    ...Object.entries(MONITORS).map(([file, value]) => ({
      path: `${CHART}/templates/${file}`,
      text: monitor(file, read(`${MONITORING}/${file}`), value),
    })),
    ...['prometheus-rule.yaml', 'dashboard.json'].map((file) => ({ path: `${CHART}/files/${file}`, text: read(`${MONITORING}/${file}`) })),
    ...copied.map(({ file, text }) => ({ path: `${CHART}/files/crds/${file}`, text })),
    { path: 'deploy/gitops/argocd/argocd-cm.yaml', text: argoConfig(read('deploy/gitops/argocd/health.lua')) },
    { path: `${CHART}/files/crds/kustomization.yaml`, text: kustomization(copied.map(({ file }) => file)) },
    {
      path: `${CHART}/Chart.yaml`,
      text: chart(read(`${CHART}/Chart.yaml`), (JSON.parse(read('package.json')) as { version: string }).version),
    },
  ];
  const paths = new Set(outputs.map(({ path }) => path));
  for (const path of readdirSync(new URL(`${CHART}/templates`, root)).map((file) => `${CHART}/templates/${file}`)) {
    if (!paths.has(path) && read(path).includes(DO_NOT_EDIT)) throw new Error(`${path} follows from nothing any more: remove it`);
  }
  return outputs;
}

interface Edit {
  readonly from: RegExp;
  readonly to: string;
}

const LABELS = '{{- include "evenkeel.labels" . | nindent 4 }}';

/** What every template has in place of what stands in the base. */
const COMMON: readonly Edit[] = [
  { from: /\bnamespace: evenkeel-system\b/g, to: 'namespace: {{ .Release.Namespace }}' },
  { from: /^ {2}labels: \{app\.kubernetes\.io\/name: evenkeel\}$/gm, to: `  labels:\n    ${LABELS}` },
  { from: /^ {4}app\.kubernetes\.io\/name: evenkeel$/gm, to: `    ${LABELS}` },
  {
    from: /^ {2}labels: \{app\.kubernetes\.io\/name: evenkeel, app\.kubernetes\.io\/component: operator\}$/gm,
    to: `  labels:\n    ${LABELS}\n    app.kubernetes.io/component: operator`,
  },
];

/** Further ones of a file. Each has to be found. */
const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  'deployment.yaml': [
    { from: /^ {2}replicas: 2$/m, to: '  replicas: {{ .Values.replicas }}' },
    {
      from: /^ {6}labels: (\{.+\})$/m,
      to: `      labels:
        app.kubernetes.io/name: evenkeel
        app.kubernetes.io/component: operator
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}`,
    },
    {
      from: /^ {6}containers:$/m,
      to: `      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:`,
    },
    { from: /^ {8}image: evenkeel:dev$/m, to: '        image: {{ include "evenkeel.image" . }}' },
    { from: /value: "evenkeel:dev"/, to: 'value: {{ include "evenkeel.image" . | quote }}' },
    { from: /imagePullPolicy: IfNotPresent/, to: 'imagePullPolicy: {{ .Values.image.pullPolicy }}' },
    { from: /--log-level=info/, to: '--log-level={{ .Values.logLevel }}' },
    {
      from: /^ {8}args:\n(?: {8}- .+\n)+/m,
      to: `$&        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
`,
    },
    {
      from: /^ {8}resources:\n(?: {10}.+\n)+/m,
      to: '        resources:\n          {{- toYaml .Values.resources | nindent 10 }}\n',
    },
  ],
};

function template(file: string, text: string): string {
  if (text.includes('{{')) throw new Error(`${BASE}/${file}: "{{" would be the chart's, too`);
  const common = COMMON.reduce((result, { from, to }) => result.replace(from, to), text);
  const body = (EDITS[file] ?? []).reduce((result, { from, to }) => {
    if (result.search(from) === -1) throw new Error(`${BASE}/${file}: nothing there is like ${from}, which the chart replaces`);
    return result.replace(from, to);
  }, common);
  const kept = /evenkeel-system|evenkeel:dev/.exec(body.replace(/^\s*#.*$/gm, ''));
  if (kept) throw new Error(`${BASE}/${file}: the chart would keep "${kept[0]}"`);
  return `# ${DO_NOT_EDIT}\n${body}`;
}

/** Templates that are there only with a value of `monitoring`. */
const MONITORS: Readonly<Record<string, string>> = { 'service-monitor.yaml': 'serviceMonitor', 'pod-monitor.yaml': 'podMonitor' };

function monitor(file: string, text: string, value: string): string {
  const body = template(file, text).replace('include "evenkeel.labels"', 'include "evenkeel.monitoringLabels"');
  return `{{- if .Values.monitoring.${value} }}\n${body}{{- end }}\n`;
}

function kustomization(files: readonly string[]): string {
  const list = files.map((file) => `- ${file}\n`).join('');
  return `# ${DO_NOT_EDIT.replace('deploy/kustomize', 'crds/')}\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${list}`;
}

function argoConfig(script: string): string {
  const lines = script.trimEnd().split('\n');
  return `# Generated from health.lua by scripts/generate.ts (npm run generate). Do not edit.
# For Argo CD, into the ConfigMap that it has: kubectl patch configmap argocd-cm --namespace argocd --patch-file argocd-cm.yaml
data:
  resource.customizations.health.evenkeel.dev_LoadBalancedService: |
${lines.map((line) => (line === '' ? '' : `    ${line}`)).join('\n')}
`;
}

/** A chart's version is the program's. */
function chart(current: string, version: string): string {
  return current.replace(/^version: .*$/m, `version: ${version}`).replace(/^appVersion: .*$/m, `appVersion: ${version}`);
}
