import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodTemplateOverlay } from '../../../src/api/v1alpha1/types.ts';
import { overlayPodTemplate, type PodTemplate } from '../../../src/resources/pod-overlay.ts';

const base: PodTemplate = {
  metadata: { labels: { 'evenkeel.dev/service': 'shop' } },
  spec: {
    serviceAccountName: 'shop--balancer',
    securityContext: { runAsNonRoot: true },
    containers: [
      {
        name: 'balancer',
        image: 'ours',
        args: ['balancer'],
        securityContext: { readOnlyRootFilesystem: true },
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
      },
    ],
  },
};

const TABLE: Record<string, { overlay: PodTemplateOverlay; expect: unknown }> = {
  'nothing is given': { overlay: {}, expect: base },
  'labels are given: ours win': {
    overlay: { metadata: { labels: { 'evenkeel.dev/service': 'other', team: 'sales' } } },
    expect: { ...base, metadata: { labels: { team: 'sales', 'evenkeel.dev/service': 'shop' } } },
  },
  'what validation refuses was stored before it did: our container, account and security context stay': {
    overlay: {
      spec: {
        serviceAccountName: 'admin',
        securityContext: { runAsUser: 0 },
        containers: [{ name: 'balancer', image: 'evil', args: ['evil'], command: ['evil'], env: [{ name: 'A' }], securityContext: {} }],
        hostNetwork: true,
      } as PodTemplateOverlay['spec'] & object,
    },
    expect: base,
  },
  'resources are no map': { overlay: { spec: { containers: [{ name: 'balancer', resources: 'many' }] } }, expect: base },
};

for (const [sentence, { overlay, expect }] of Object.entries(TABLE)) {
  test(`pod template when ${sentence}`, () => assert.deepEqual(overlayPodTemplate(base, overlay), expect));
}
