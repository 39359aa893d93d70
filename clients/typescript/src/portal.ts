/** The portal, as a program sees it. */

import { randomUUID } from "node:crypto";

import createClient, { type Client } from "openapi-fetch";

import { ClientCredentials, type Secret } from "./access.js";
import type { components, paths } from "./generated/description.js";
import { refusal } from "./refusals.js";
import { type Fetch, patient, sleep } from "./waiting.js";

export type Schemas = components["schemas"];
/** GUIDs, or a file of them as CSV: `await openAsBlob("hubs.csv")`. */
export type Hubs = readonly string[] | Blob;

type Got<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer Answer } } } };
}
  ? Answer
  : never;
type Item<P extends keyof paths> = Got<P> extends { items: (infer Each)[]; next: string | null } ? Each : never;
type Query = Record<string, string | number | boolean | undefined>;

export interface PortalOptions {
  /** Where the stream of events is, if not at `url`. */
  streamUrl?: string;
  /** For how many milliseconds 429, 503 and lost connections are waited out; two minutes by default. */
  patience?: number;
  /** How requests travel, for certificates and proxies of your own. */
  fetch?: Fetch;
}

export interface Order {
  kind?: Schemas["InstructionKindChoice"];
  activateAt?: Date;
  name?: string;
  /** An `Idempotency-Key` of your own: after a crash a repetition is done once. */
  key?: string;
}

/** One system's access to the portal. Whatever is refused is thrown as `Refused`. */
export class Portal {
  /** Every operation of the description, typed by its address: `portal.api.GET("/api/v1/rollouts")`. */
  readonly api: Client<paths>;
  readonly streamUrl: string;
  readonly #fetch: Fetch;
  readonly #url: string;

  constructor(url: string, clientId: string, secret: Secret, options: PortalOptions = {}) {
    this.#url = url.replace(/\/$/, "");
    this.streamUrl = (options.streamUrl ?? url).replace(/\/$/, "");
    const inner = patient(options.fetch ?? ((request) => fetch(request)), options.patience ?? 120_000);
    const access = new ClientCredentials(`${this.#url}/oauth/token`, clientId, secret, inner);
    this.#fetch = async (request) => {
      const token = await access.token();
      request.headers.set("Authorization", `Bearer ${token}`);
      let response = await inner(request.clone());
      if (response.status === 401) {
        await response.body?.cancel();
        request.headers.set("Authorization", `Bearer ${await access.token(token)}`);
        response = await inner(request);
      }
      if (!response.ok && response.status !== 304) throw await refusal(response);
      return response;
    };
    this.api = createClient<paths>({ baseUrl: this.#url, fetch: this.#fetch });
  }

  /** Sends a request of any kind with a token, waiting and throwing as all others do. */
  async request(address: string, init: RequestInit & { query?: Query } = {}): Promise<Response> {
    const url = new URL(address.startsWith("/") ? this.#url + address : address);
    for (const [name, value] of Object.entries(init.query ?? {})) {
      if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
    }
    return this.#fetch(new Request(url, init));
  }

  /** What is read at an address without parameters in it: `await portal.get("/api/v1/client")`. */
  async get<P extends keyof paths>(path: P, query: Query = {}): Promise<Got<P>> {
    return (await (await this.request(path, { query })).json()) as Got<P>;
  }

  /** Everything a list holds, page by page: `for await (const rollout of portal.each("/api/v1/rollouts"))`. */
  async *each<P extends keyof paths>(path: P, query: Query = {}): AsyncGenerator<Item<P>> {
    const wanted: Query = { limit: 1000, ...query };
    for (;;) {
      const page = (await this.get(path, wanted)) as { items: Item<P>[]; next: string | null };
      yield* page.items;
      if (page.next === null) return;
      wanted["after"] = new URL(page.next).searchParams.get("after") ?? "";
    }
  }

  /** Every hub of yours in one answer, however many there are. */
  estate(filters: Query = {}): AsyncGenerator<Schemas["EstateHub"]> {
    return this.#lines("/api/v1/estate", filters);
  }

  /** Your hubs that a rollout is for, in one answer. */
  eligibleHubs(rolloutId: number, filters: Query = {}): AsyncGenerator<Schemas["EligibleHubRow"]> {
    return this.#lines(`/api/v1/rollouts/${rolloutId}/eligible-hubs`, filters);
  }

  /** The hubs an instruction counts for, and where each stands now. */
  instructionHubs(reference: string): AsyncGenerator<Schemas["EligibleHubRow"]> {
    return this.#lines(`/api/v1/instructions/${reference}/hubs`, {});
  }

  /** The lines of an instruction that were not accepted, each with its reason. */
  rejections(reference: string): AsyncGenerator<Schemas["Rejection"]> {
    return this.#lines(`/api/v1/instructions/${reference}/rejections`, {});
  }

  /**
   * Instructs, agrees, declines or withdraws for hubs of yours. A file travels in chunks. A long list is still
   * being applied when this returns: see `finished`.
   */
  async instruct(rolloutId: number, hubs: Hubs, order: Order = {}): Promise<Schemas["Instruction"]> {
    const key = order.key ?? randomUUID();
    return (await this.#sendHubs(rolloutId, hubs, order, { key })) as Schemas["Instruction"];
  }

  /** What would come of an instruction; nothing is changed. */
  async dryRun(rolloutId: number, hubs: Hubs, order: Order = {}): Promise<Schemas["DryRun"]> {
    return (await this.#sendHubs(rolloutId, hubs, order, { isDry: true })) as Schemas["DryRun"];
  }

  /** Waits until an instruction is applied to all of its hubs, and returns it as it then is. */
  async finished(instruction: Schemas["Instruction"], within = 600_000): Promise<Schemas["Instruction"]> {
    const ends = Date.now() + within;
    for (let pause = 250; instruction.finished_at === null; pause = Math.min(pause * 2, 5000)) {
      if (Date.now() > ends) throw new Error(`${instruction.reference} is not applied yet.`);
      await sleep(pause);
      const response = await this.request(`/api/v1/instructions/${instruction.reference}`);
      instruction = (await response.json()) as Schemas["Instruction"];
    }
    return instruction;
  }

  async #sendHubs(
    rolloutId: number,
    hubs: Hubs,
    order: Order,
    how: { key?: string; isDry?: boolean },
  ): Promise<unknown> {
    const isFile = hubs instanceof Blob;
    const headers: Record<string, string> = { "Content-Type": isFile ? "text/csv" : "application/x-ndjson" };
    if (how.key !== undefined) headers["Idempotency-Key"] = how.key;
    const query: Query = {
      kind: order.kind ?? "INSTRUCT",
      activate_at: order.activateAt?.toISOString(),
      name: how.isDry ? undefined : order.name,
      dry_run: how.isDry,
    };
    const body = isFile ? hubs.stream() : hubs.map((guid) => `${JSON.stringify(guid)}\n`).join("");
    const init: RequestInit & { duplex?: "half" } = { method: "POST", headers, body };
    if (isFile) init.duplex = "half";
    const response = await this.request(`/api/v1/rollouts/${rolloutId}/instructions`, { ...init, query });
    return response.json();
  }

  async *#lines<Row>(path: string, query: Query): AsyncGenerator<Row> {
    const response = await this.request(path, { query, headers: { Accept: "application/x-ndjson" } });
    for await (const line of linesOf(response)) yield JSON.parse(line) as Row;
  }
}

/** The lines of an answer as they arrive; empty ones too. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
