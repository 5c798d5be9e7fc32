import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KubeObject } from '../../src/api/meta.ts';
import type { Credentials } from '../../src/kube/credentials.ts';
import { type Certificate, createCertificate } from './certificate.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers in the server's place where it returns true: faults on demand. */
export type Fault = (request: SeenRequest, response: ServerResponse) => boolean;

interface OpenWatch {
  readonly collection: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

interface WatchRecord {
  readonly type: string;
  readonly collection: string;
  readonly version: number;
  readonly object: KubeObject;
}

const COLLECTION = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;

/**
 * As much of an API server as a client can tell apart, over real TLS: objects in a map, lists with pages, watches from a resource
 * version on, bookmarks when told to. The whole behaviour is tested against a real one; this one can be broken at will.
 */
export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  readonly #certificate: Certificate = createCertificate();
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #watches = new Set<OpenWatch>();
  readonly #history: WatchRecord[] = [];
  readonly #faults: Fault[] = [];
  #objects = new Map<string, KubeObject>();
  #version = 100;
  #uid = 0;
  #port = 0;
  connections = 0;

  constructor() {
    this.#server = createServer(this.#certificate, (request, response) => void this.#handle(request, response));
    this.#server.on('connection', (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** The port stays, so that it can listen again: an API server that restarts. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#watches.clear();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  get ca(): string {
    return this.#certificate.cert;
  }

  credentials(): Credentials {
    const login = { headers: { authorization: 'Bearer test' }, tls: { ca: this.ca } };
    return { server: new URL(`https://127.0.0.1:${this.#port}`), namespace: 'default', current: async () => login, renew: () => {} };
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  count(method: string, pathEnd: string): number {
    return this.requests.filter((request) => request.method === method && request.path.endsWith(pathEnd)).length;
  }

  lists(plural: string): SeenRequest[] {
    return this.requests.filter(({ method, path, query }) => method === 'GET' && path.endsWith(plural) && !query.has('watch'));
  }

  watches(plural: string): SeenRequest[] {
    return this.requests.filter((request) => request.path.endsWith(plural) && request.query.has('watch'));
  }

  /** Each request is shown to the faults in turn, the newest first; returns how to take it away. */
  addFault(fault: Fault): () => void {
    this.#faults.unshift(fault);
    return () => void this.#faults.splice(this.#faults.indexOf(fault), 1);
  }

  /** As somebody else's write: `collection` is a path such as /api/v1/namespaces/default/configmaps. */
  put(collection: string, object: KubeObject): KubeObject {
    const path = `${collection}/${object.metadata?.name}`;
    const before = this.#objects.get(path);
    const uid = object.metadata?.uid ?? before?.metadata?.uid ?? `uid-${++this.#uid}`;
    return this.#store(path, before === undefined ? 'ADDED' : 'MODIFIED', { ...object, metadata: { ...object.metadata, uid } });
  }

  remove(collection: string, name: string): void {
    const path = `${collection}/${name}`;
    const object = this.#objects.get(path);
    if (object === undefined) throw new Error(`there is no ${path}`);
    this.#objects.delete(path);
    this.#emit({ type: 'DELETED', collection, version: ++this.#version, object: withVersion(object, this.#version) });
  }

  /** Takes an object away of which no watch will ever tell. */
  forget(collection: string, name: string): void {
    this.#objects.delete(`${collection}/${name}`);
  }

  get(path: string): KubeObject | undefined {
    return this.#objects.get(path);
  }

  bookmark(): void {
    for (const watch of this.#watches) {
      this.send(watch.response, { type: 'BOOKMARK', object: { kind: 'Any', metadata: { resourceVersion: String(this.#version) } } });
    }
  }

  /** etcd restored from a backup: objects as they are, resource versions of long ago. */
  restore(version: number): void {
    this.#version = version;
    this.#history.length = 0;
    this.#objects = new Map([...this.#objects].map(([path, object]) => [path, withVersion(object, version)]));
  }

  endWatches(how: 'end' | 'cut'): void {
    for (const { response } of this.#watches) {
      if (how === 'end') response.end();
      else response.socket?.destroy();
    }
    this.#watches.clear();
  }

  writeToWatches(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  send(response: ServerResponse, event: unknown): void {
    response.write(`${JSON.stringify(event)}\n`);
  }

  answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  }

  refuse(response: ServerResponse, code: number, reason: string, message: string, headers: Record<string, string> = {}): void {
    this.answer(response, code, statusOf(code, reason, message), headers);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://fake');
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const seen = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body };
    this.requests.push(seen);
    if (this.#faults.some((fault) => fault(seen, response))) return;
    const match = COLLECTION.exec(seen.path);
    if (match === null) {
      this.refuse(response, 404, 'NotFound', 'the server could not find the requested resource');
      return;
    }
    const [, root, namespace, plural, name] = match;
    const collection = `${root}${namespace ? `/namespaces/${namespace}` : ''}/${plural}`;
    if (seen.method === 'GET' && seen.query.has('watch')) this.#watch(collection, seen, response);
    else if (seen.method === 'GET' && !name) this.#list(collection, seen, response);
    else this.#object(collection, name ?? '', seen, response);
  }

  #list(collection: string, { query }: SeenRequest, response: ServerResponse): void {
    const all = this.#in(collection).filter((object) => isSelected(object, query));
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? all.length);
    const next = from + limit < all.length ? { continue: String(from + limit) } : {};
    // Items of a list do not say what they are.
    const items = all.slice(from, from + limit).map(({ kind, apiVersion, ...rest }) => rest);
    this.answer(response, 200, { kind: 'AnyList', metadata: { resourceVersion: String(this.#version), ...next }, items });
  }

  #watch(collection: string, { query }: SeenRequest, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const watch = { collection, query, response };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    const from = Number(query.get('resourceVersion'));
    for (const record of this.#history) if (record.version > from) this.#deliver(watch, record);
  }

  #object(collection: string, name: string, request: SeenRequest, response: ServerResponse): void {
    const sent = (request.body === '' ? {} : JSON.parse(request.body)) as KubeObject;
    const path = `${collection}/${name || sent.metadata?.name}`;
    const before = this.#objects.get(path);
    const [code, reason] = refusalOf(request, sent, before);
    if (code !== 0) this.refuse(response, code, reason, `${path}: ${reason}`);
    else if (request.method === 'GET') this.answer(response, 200, before);
    else if (request.method === 'DELETE') {
      this.remove(collection, name);
      this.answer(response, 200, { kind: 'Status', status: 'Success' });
    } else {
      const merged = request.method === 'PATCH' ? merge(before ?? {}, sent) : sent;
      this.answer(response, before ? 200 : 201, this.put(collection, merged as KubeObject));
    }
  }

  #store(path: string, type: string, object: KubeObject): KubeObject {
    const stored = withVersion(object, ++this.#version);
    this.#objects.set(path, stored);
    this.#emit({ type, collection: path.slice(0, path.lastIndexOf('/')), version: this.#version, object: stored });
    return stored;
  }

  #emit(record: WatchRecord): void {
    this.#history.push(record);
    for (const watch of this.#watches) this.#deliver(watch, record);
  }

  #deliver(watch: OpenWatch, { type, collection, object }: WatchRecord): void {
    if (isWithin(collection, watch.collection) && isSelected(object, watch.query)) this.send(watch.response, { type, object });
  }

  #in(collection: string): KubeObject[] {
    return [...this.#objects].flatMap(([path, object]) => (isWithin(path.slice(0, path.lastIndexOf('/')), collection) ? object : []));
  }
}

/** Code 0: nothing against it. */
function refusalOf({ method, headers }: SeenRequest, sent: KubeObject, before: KubeObject | undefined): [number, string] {
  const isApply = headers['content-type'] === 'application/apply-patch+yaml';
  if (method === 'POST') return before ? [409, 'AlreadyExists'] : [0, ''];
  const uid = sent.metadata?.uid;
  if (!before && isApply) return uid ? [409, 'Conflict'] : [0, ''];
  if (!before) return [404, 'NotFound'];
  if (isApply && uid && uid !== before.metadata?.uid) return [422, 'Invalid'];
  const version = sent.metadata?.resourceVersion;
  return version && version !== before.metadata?.resourceVersion ? [409, 'Conflict'] : [0, ''];
}

export function statusOf(code: number, reason: string, message: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

function withVersion(object: KubeObject, version: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function isWithin(collection: string, wanted: string): boolean {
  return collection === wanted || collection.replace(/\/namespaces\/[^/]+/, '') === wanted;
}

/** `key=value` and `key in (a,b)`; of fields, metadata.name. */
function isSelected({ metadata }: KubeObject, query: URLSearchParams): boolean {
  const name = query.get('fieldSelector')?.replace('metadata.name=', '');
  if (name && metadata?.name !== name) return false;
  const [, key = '', values = ''] = /^(\S+?)(?: in \(|=)([^)]*)\)?$/.exec(query.get('labelSelector') ?? '') ?? [];
  return key === '' || values.split(',').includes(metadata?.labels?.[key] ?? '');
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
