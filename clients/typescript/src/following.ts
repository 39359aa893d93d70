/** Following the feed: entry after entry, by long poll or by stream, from a cursor that you keep. */

import { readFile, rename, writeFile } from "node:fs/promises";

import { linesOf, type Portal, type Schemas } from "./portal.js";
import { NoStream, Refused } from "./refusals.js";
import { pauseAfter, sleep } from "./waiting.js";

/** Some entries in order. You have read everything up to `position`, also where some were left out. */
export interface Batch {
  events: Schemas["Event"][];
  position: number;
}

/** Where the position is kept: best in the transaction that keeps what you did with the entries. */
export interface Cursor {
  /** The position you have read up to; undefined: begin with the oldest entry that is kept. */
  load(): Promise<number | undefined> | number | undefined;
  /** Called once the batch that ends there has been dealt with. */
  save(position: number): Promise<void> | void;
}

/** A cursor that lasts as long as the program. */
export class MemoryCursor implements Cursor {
  constructor(public position?: number) {}
  load(): number | undefined {
    return this.position;
  }
  save(position: number): void {
    this.position = position;
  }
}

/** A cursor in a file of its own, which is replaced as a whole. */
export class FileCursor implements Cursor {
  constructor(private readonly path: string) {}
  async load(): Promise<number | undefined> {
    try {
      return Number(await readFile(this.path, "utf8"));
    } catch {
      return undefined;
    }
  }
  async save(position: number): Promise<void> {
    await writeFile(`${this.path}.new`, String(position));
    await rename(`${this.path}.new`, this.path);
  }
}

export interface FollowOptions {
  by?: "poll" | "stream";
  kinds?: readonly string[];
  rolloutId?: number;
  signal?: AbortSignal;
  wait?: number;
  limit?: number;
  /** Told when the feed is interrupted, and goes on by itself. */
  onTrouble?: (failure: unknown) => void;
}

const SHORTEST = 1000;

/**
 * What happens, for ever: in order, without gaps, at least once. A position is saved when the next batch is asked
 * for, so know entries by their `id`. Lost connections, 429 and failures of the portal are waited out; what would
 * not pass is thrown: `CursorExpired`, `AccessRefused`, `NoStream`, `Refused`.
 */
export async function* follow(portal: Portal, cursor: Cursor, options: FollowOptions = {}): AsyncGenerator<Batch> {
  const { by = "poll", signal } = options;
  for (let attempt = 0; !signal?.aborted; ) {
    const began = Date.now();
    let pause = 0;
    try {
      const after = await cursor.load();
      const batches =
        by === "stream" && after !== undefined ? stream(portal, after, options) : poll(portal, after, options);
      let hasNews = false;
      for await (const batch of batches) {
        attempt = 0;
        hasNews = true;
        yield batch;
        await cursor.save(batch.position);
        if (signal?.aborted) return;
      }
      if (!hasNews) pause = began + SHORTEST - Date.now(); // where the portal did not let us wait
    } catch (failure) {
      if (signal?.aborted) return;
      const mayPass = failure instanceof Refused ? failure.isTemporary : failure instanceof TypeError;
      if (!mayPass) throw failure;
      options.onTrouble?.(failure);
      pause = pauseAfter(undefined, attempt++);
    }
    await sleep(Math.max(pause, 0), signal);
  }
}

async function* poll(portal: Portal, after: number | undefined, options: FollowOptions): AsyncGenerator<Batch> {
  const { wait = 20, limit = 1000, signal } = options;
  const query = { after, ...chosen(options), wait, limit };
  const response = await portal.request("/api/v1/events", { query, ...(signal ? { signal } : {}) });
  const page = (await response.json()) as Schemas["Events"];
  if (page.items.length > 0 || page.position !== after) yield { events: page.items, position: page.position };
}

function chosen({ kinds = [], rolloutId }: FollowOptions): { kinds: string; rollout_id: number | undefined } {
  return { kinds: kinds.join(","), rollout_id: rolloutId };
}

async function* stream(portal: Portal, after: number, options: FollowOptions): AsyncGenerator<Batch> {
  const { signal } = options;
  const address = `${portal.streamUrl}/api/v1/events/stream`;
  const headers = { "Last-Event-ID": String(after), Accept: "text/event-stream" };
  let response: Response;
  try {
    response = await portal.request(address, {
      headers,
      query: chosen(options),
      ...(signal ? { signal } : {}),
    });
  } catch (failure) {
    if (failure instanceof Refused && [404, 405, 406].includes(failure.status)) {
      throw new NoStream(`There is no stream of events at ${address}: name its address (streamUrl), or poll.`);
    }
    throw failure;
  }
  let message: Record<string, string> = {};
  for await (const line of linesOf(response)) {
    const colon = line.indexOf(":");
    if (line === "") {
      const batch = batchOf(message);
      message = {};
      if (batch !== undefined) yield batch;
    } else if (colon > 0) {
      message[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
    }
  }
}

function batchOf(message: Record<string, string>): Batch | undefined {
  const position = Number(message["id"]);
  if (message["event"] === "head") return { events: [], position };
  if (message["event"] !== "entry") return undefined;
  return { events: [JSON.parse(message["data"] ?? "") as Schemas["Event"]], position };
}
