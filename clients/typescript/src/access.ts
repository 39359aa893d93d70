/** Tokens: one is fetched when it is needed, and again shortly before it ends or when it counts no more. */

import { AccessRefused, refusal } from "./refusals.js";
import type { Fetch } from "./waiting.js";

export type Secret = string | (() => string | Promise<string>);

const MARGIN = 30_000;
const FIRST_REST = 30_000;
const LONGEST_REST = 900_000;

/**
 * OAuth 2 client credentials. A secret that is refused is not shown again at once: for half a minute, then a
 * minute, and so on up to a quarter of an hour, callers get the same `AccessRefused` without a call.
 */
export class ClientCredentials {
  #token = "";
  #ends = 0;
  #asking: Promise<string> | undefined;
  #refused: { error: AccessRefused; secret: string; until: number } | undefined;
  #rest = FIRST_REST;

  constructor(
    private readonly tokenUrl: string,
    private readonly clientId: string,
    private readonly secret: Secret,
    private readonly fetch: Fetch,
  ) {}

  /** A token that counts; another one than `refused`. */
  async token(refused = ""): Promise<string> {
    if (this.#token !== "" && this.#token !== refused && Date.now() < this.#ends) return this.#token;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<string> {
    const secret = typeof this.secret === "string" ? this.secret : await this.secret();
    if (this.#refused?.secret === secret && Date.now() < this.#refused.until) throw this.#refused.error;
    const form = { grant_type: "client_credentials", client_id: this.clientId, client_secret: secret };
    const body = new URLSearchParams(form);
    const response = await this.fetch(new Request(this.tokenUrl, { method: "POST", body }));
    this.#token = "";
    if ([400, 401, 403].includes(response.status)) {
      const { document, status } = await refusal(response);
      const words = document["error_description"] ?? "Check its id and secret, and whether it is revoked.";
      const error = new AccessRefused(
        `The portal gives client ${this.clientId} no token (${String(document["error"] ?? status)}). ${String(words)}`,
      );
      this.#refused = { error, secret, until: Date.now() + this.#rest };
      this.#rest = Math.min(this.#rest * 2, LONGEST_REST);
      throw error;
    }
    if (!response.ok) throw await refusal(response);
    const document = (await response.json()) as { access_token: string; expires_in: number };
    this.#token = document.access_token;
    this.#ends = Date.now() + document.expires_in * 1000 - MARGIN;
    this.#refused = undefined;
    this.#rest = FIRST_REST;
    return this.#token;
  }
}
