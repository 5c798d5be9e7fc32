import type { KubeObject } from '../api/meta.ts';
import type { Random } from '../model/clock.ts';
import { apiErrorFrom } from './api-status.ts';
import type { Credentials } from './credentials.ts';
import { type ApiError, ConnectionError, isExpired, isNotFound } from './errors.ts';
import { apiVersionOf, collectionPath, describe, type ObjectName, objectPath, type ResourceRef, resourceOf } from './resources.ts';
import { sleep, systemTimers, type Timers } from './timers.ts';
import { type Answer, type AnswerObserver, Transport } from './transport.ts';
import { readWatch, type WatchEvent } from './watch.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ClientOptions {
  readonly timers?: Timers;
  readonly random?: Random;
  /** Shown in the API server's audit log and flow control. */
  readonly userAgent?: string;
  /** Of a request, with its waits for an overloaded API server. 30 s unless given. */
  readonly timeoutMs?: number;
  /** Of one answer. 32 MiB unless given. */
  readonly maxResponseBytes?: number;
  /** For metrics. */
  readonly onAnswer?: AnswerObserver;
}

export interface RequestOptions {
  /** Written as JSON. */
  readonly body?: unknown;
  /** `application/json` unless given. */
  readonly contentType?: string;
  readonly query?: Query;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For messages: completes "cannot ...". */
  readonly attempted?: string;
}

export interface Selection {
  /** Left out: of all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions<T extends KubeObject = KubeObject> extends Selection {
  /** Objects a page; 500 unless given. */
  readonly limit?: number;
  /** What of each object is kept, page by page: ten thousand whole ones may be more than there is memory for. */
  readonly keep?: ((object: T) => T) | undefined;
  readonly signal?: AbortSignal;
}

export interface ObjectList<T> {
  readonly items: T[];
  /** Where a watch goes on. */
  readonly resourceVersion: string;
}

export interface WriteOptions {
  readonly fieldManager: string;
  readonly dryRun?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over that another field manager owns. */
  readonly force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
}

export interface DeleteOptions {
  /** Only this very object: a successor of the same name stays (409 Conflict). */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** The API server ends the watch after this. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** The API server has accepted. */
  readonly onOpen?: () => void;
}

const APPLY = 'application/apply-patch+yaml';
const MERGE_PATCH = 'application/merge-patch+json';
const TRIES_WHEN_OVERLOADED = 6;

/**
 * The Kubernetes API in raw JSON: bodies go out and come back whole, no field is dropped for not being in a class. Objects are
 * typed by the caller's word alone. Every method throws ApiError (refused), ConnectionError (no answer) or CredentialsError.
 */
export class KubeClient {
  readonly credentials: Credentials;
  readonly #transport: Transport;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #timeoutMs: number;
  readonly #userAgent: string;

  constructor(credentials: Credentials, options: ClientOptions = {}) {
    this.credentials = credentials;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#userAgent = options.userAgent ?? 'evenkeel';
    this.#transport = new Transport(credentials, this.#timers, options.maxResponseBytes ?? 32 * 1024 * 1024, options.onAnswer);
  }

  /** Ends idle connections and those in use. */
  close(): void {
    this.#transport.close();
  }

  async get<T extends KubeObject>(ref: ResourceRef, object: ObjectName): Promise<T> {
    return this.request<T>('GET', objectPath(ref, object), { attempted: `get ${describe(ref, object)}` });
  }

  /** Null where there is no such object. */
  async find<T extends KubeObject>(ref: ResourceRef, object: ObjectName): Promise<T | null> {
    return this.get<T>(ref, object).catch((error: unknown) => {
      if (isNotFound(error)) return null;
      throw error;
    });
  }

  /** All of them, page by page; each with its apiVersion and kind, as a watch shows it. */
  async list<T extends KubeObject>(ref: ResourceRef, options: ListOptions<T> = {}): Promise<ObjectList<T>> {
    try {
      return await this.#pages<T>(ref, options, options.limit ?? 500);
    } catch (error) {
      // The pages' common version is too old by now: all at once needs none.
      if (isExpired(error)) return this.#pages<T>(ref, options, undefined);
      throw error;
    }
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions): Promise<T> {
    const ref = resourceOf(object);
    const path = collectionPath(ref, object.metadata?.namespace);
    return this.#write<T>('POST', path, `create ${describe(ref, object.metadata ?? {})}`, 'application/json', object, options);
  }

  /** Writes the whole object; with `metadata.resourceVersion`, only if nobody has since (409 Conflict). */
  async replace<T extends KubeObject>(object: T, options: WriteOptions): Promise<T> {
    const { ref, name } = identify(object);
    return this.#write<T>('PUT', objectPath(ref, name), `update ${describe(ref, name)}`, 'application/json', object, options);
  }

  /** Server-side apply. With `metadata.uid`, only onto that very object: 422 Invalid where another stands, 409 Conflict where none does. */
  async apply<T extends KubeObject>(object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(object, undefined, options);
  }

  /** Server-side apply of the status subresource. */
  async applyStatus<T extends KubeObject>(object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(object, 'status', options);
  }

  /** RFC 7396: null removes a field, a list replaces a list. */
  async mergePatch<T extends KubeObject>(ref: ResourceRef, object: ObjectName, patch: unknown, options: PatchOptions): Promise<T> {
    const attempted = `patch ${options.subresource ? `${options.subresource} of ` : ''}${describe(ref, object)}`;
    return this.#write<T>('PATCH', objectPath(ref, object, options.subresource), attempted, MERGE_PATCH, patch, options);
  }

  /** False where there was nothing to delete. */
  async delete(ref: ResourceRef, object: ObjectName, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagation = 'Background' } = options;
    const preconditions = uid || resourceVersion ? { preconditions: { uid, resourceVersion } } : {};
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, ...preconditions };
    try {
      await this.request('DELETE', objectPath(ref, object), { body, attempted: `delete ${describe(ref, object)}` });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /**
   * Events from `resourceVersion` on, bookmarks among them, until the API server ends the watch or `signal` aborts: then it
   * resolves. An ERROR event throws its ApiError; 410 means: list again.
   */
  async watch<T extends KubeObject>(ref: ResourceRef, options: WatchOptions, onEvent: (event: WatchEvent<T>) => void): Promise<void> {
    const attempted = `watch ${describe(ref, { namespace: options.namespace })}`;
    const query = {
      ...selection(options),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    };
    const path = collectionPath(ref, options.namespace) + queryString(query);
    const headers = { accept: 'application/json', 'user-agent': this.#userAgent };
    const response = await this.#transport
      .stream({ method: 'GET', path, headers, body: null, timeoutMs: this.#timeoutMs, signal: options.signal })
      .catch((error: unknown) => {
        if (options.signal.aborted) return null;
        throw error;
      });
    if (response === null) return;
    const status = response.statusCode ?? 0;
    if (status !== 200) {
      if (status === 401) this.credentials.renew();
      throw apiErrorFrom(attempted, status, await this.#transport.readBody(response), null);
    }
    options.onOpen?.();
    await readWatch<T>(response, attempted, options.signal, onEvent);
  }

  /**
   * One request, its answer parsed. Where the API server is overloaded (429, or 503 with Retry-After) it is sent again when the
   * server says so, within the time given; after a 401 once more with the credentials read anew.
   */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const attempted = options.attempted ?? `${method} ${path}`;
    const deadline = this.#timers.now() + (options.timeoutMs ?? this.#timeoutMs);
    for (let tries = 1; ; tries++) {
      const answer = await this.#send(method, path, options, deadline);
      if (answer.status >= 200 && answer.status < 300) return parse<T>(attempted, answer.body);
      const error = apiErrorFrom(attempted, answer.status, answer.body, answer.retryAfterSeconds);
      const waitMs = this.#waitBeforeRetry(error, tries);
      if (waitMs === null || this.#timers.now() + waitMs >= deadline || options.signal?.aborted) throw error;
      await sleep(this.#timers, waitMs, options.signal);
    }
  }

  /** Null: the error is the answer. */
  #waitBeforeRetry(error: ApiError, tries: number): number | null {
    if (error.code === 401 && tries === 1) {
      this.credentials.renew();
      return 0;
    }
    const overloaded = error.code === 429 || (error.code === 503 && error.retryAfterMs !== null);
    if (!overloaded || tries >= TRIES_WHEN_OVERLOADED) return null;
    return (error.retryAfterMs ?? 1000) * (1 + this.#random() / 4);
  }

  async #send(method: string, path: string, options: RequestOptions, deadline: number): Promise<Answer> {
    const body = options.body === undefined ? null : Buffer.from(JSON.stringify(options.body));
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': this.#userAgent };
    if (body !== null) {
      headers['content-type'] = options.contentType ?? 'application/json';
      headers['content-length'] = String(body.length);
    }
    const timeoutMs = Math.max(1, Math.ceil(deadline - this.#timers.now()));
    const exchange = { method, path: path + queryString(options.query ?? {}), headers, body, timeoutMs, signal: options.signal };
    try {
      return await this.#transport.send(exchange);
    } catch (error) {
      // Asking twice is harmless for what says the whole of what it wants.
      const repeatable = method === 'GET' || options.contentType === APPLY;
      const stale = error instanceof ConnectionError && error.code === 'ApiConnectionStale';
      if (stale && repeatable) return this.#transport.send(exchange);
      throw error;
    }
  }

  async #pages<T extends KubeObject>(ref: ResourceRef, options: ListOptions<T>, limit: number | undefined): Promise<ObjectList<T>> {
    const typeMeta = { apiVersion: apiVersionOf(ref), kind: ref.kind };
    const { keep = (item: T) => item } = options;
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await this.#page<T>(ref, options, limit, next);
      for (const item of page.items ?? []) items.push(keep({ ...typeMeta, ...item }));
      next = page.metadata?.continue || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
    }
  }

  async #page<T>(
    ref: ResourceRef,
    options: Omit<ListOptions, 'keep'>,
    limit: number | undefined,
    next: string | undefined,
  ): Promise<Page<T>> {
    return this.request<Page<T>>('GET', collectionPath(ref, options.namespace), {
      query: { ...selection(options), limit, continue: next },
      attempted: `list ${describe(ref, { namespace: options.namespace })}`,
      signal: options.signal,
    });
  }

  async #apply<T extends KubeObject>(object: T, subresource: string | undefined, options: ApplyOptions): Promise<T> {
    const { ref, name } = identify(object);
    const attempted = `apply ${subresource ? `${subresource} of ` : ''}${describe(ref, name)}`;
    const path = objectPath(ref, name, subresource);
    return this.#write<T>('PATCH', path, attempted, APPLY, object, options, { force: options.force ?? false });
  }

  async #write<T>(
    method: string,
    path: string,
    attempted: string,
    contentType: string,
    body: unknown,
    options: WriteOptions,
    query: Query = {},
  ): Promise<T> {
    return this.request<T>(method, path, {
      body,
      contentType,
      attempted,
      query: { fieldManager: options.fieldManager, dryRun: options.dryRun ? 'All' : undefined, ...query },
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
  }
}

interface Page<T> {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

function identify(object: KubeObject): { ref: ResourceRef; name: ObjectName } {
  const { namespace, name = '' } = object.metadata ?? {};
  return { ref: resourceOf(object), name: { namespace, name } };
}

function selection(options: Selection): Query {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

function queryString(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') given.append(name, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

function parse<T>(attempted: string, body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (error) {
    throw new ConnectionError(
      'ApiBadResponse',
      `cannot ${attempted}: the answer is no JSON; is this the address of a Kubernetes API?`,
      error,
    );
  }
}
