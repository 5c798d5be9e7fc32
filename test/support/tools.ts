import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** Where helm, kustomize, health and promtool are; empty: they could not be built. */
export const toolsFolder = execFileSync(join(root, 'test/tools/prepare'), {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();

/** Why tests that need the tools of test/tools are skipped; false: they are there. With CI=true they must be. */
export const withoutTools: string | false = toolsFolder === '' ? 'Go is needed to build helm, kustomize and kstatus' : false;

/** What `tool` prints. Throws with what it says where it ends otherwise than with 0. */
export function runTool(tool: 'helm' | 'health' | 'kustomize' | 'promtool', args: readonly string[], input = ''): string {
  const own = join(toolsFolder, tool);
  const env = { ...process.env, KUBECONFIG: process.env['KUBECONFIG'] ?? '/dev/null' };
  return execFileSync(existsSync(own) ? own : tool, args, { cwd: root, encoding: 'utf8', input, env, stdio: 'pipe', maxBuffer: 1 << 26 });
}

/** The objects of a kustomization, as YAML. */
export function kustomize(path: string): string {
  return runTool('kustomize', ['build', path]);
}
