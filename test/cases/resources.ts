import { backendsCases } from './resources/backends.ts';
import { choicesCases } from './resources/choices.ts';
import { heartbeatCases } from './resources/heartbeat.ts';
import { heartbeatRequestCases } from './resources/heartbeat-request.ts';
import { lengthsCases } from './resources/lengths.ts';
import { namesCases } from './resources/names.ts';
import type { ResourceCases } from './resources/parts.ts';
import { podTemplateCases } from './resources/pod-template.ts';
import { portsCases } from './resources/ports.ts';
import { rangesCases } from './resources/ranges.ts';
import { requiredCases } from './resources/required.ts';
import { settingsCases } from './resources/settings.ts';
import { tlsCases } from './resources/tls.ts';
import { wholeCases } from './resources/whole.ts';

/**
 * Good and bad resources, one table for both that have to agree on them: the local validation (test/unit/api) and a real API server
 * (test/e2e/api-server/crd.test.ts).
 */
export const resourceCases: ResourceCases = {
  ...wholeCases,
  ...namesCases,
  ...portsCases,
  ...backendsCases,
  ...heartbeatCases,
  ...heartbeatRequestCases,
  ...settingsCases,
  ...rangesCases,
  ...requiredCases,
  ...lengthsCases,
  ...choicesCases,
  ...tlsCases,
  ...podTemplateCases,
};
