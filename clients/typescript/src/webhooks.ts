/** Webhooks: is a call genuine, and what does it say (Standard Webhooks). */

import { createHmac, timingSafeEqual } from "node:crypto";

import type { Schemas } from "./portal.js";
import { NotGenuine } from "./refusals.js";

type Headers = Record<string, string | string[] | undefined>;

/** Verifies calls by one secret, or by several while you change over from one to another. */
export class Webhook {
  readonly #keys: Buffer[];

  constructor(
    secrets: readonly string[],
    private readonly toleranceSeconds = 300,
  ) {
    this.#keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
  }

  /** The events of a genuine call, in order; answer 2xx once you have kept them. Else `NotGenuine`: answer 401. */
  events(headers: Headers, body: string | Buffer): Schemas["Event"][] {
    this.verify(headers, body);
    return JSON.parse(body.toString()) as Schemas["Event"][];
  }

  /** Lets a genuine call pass; throws `NotGenuine` for any other. */
  verify(headers: Headers, body: string | Buffer): void {
    const said = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value ?? "")]));
    const at = said.get("webhook-timestamp") ?? "";
    if (!/^\d+$/.test(at) || Math.abs(Date.now() / 1000 - Number(at)) > this.toleranceSeconds) {
      throw new NotGenuine("The call has no time, or one too far from now.");
    }
    const signed = `${said.get("webhook-id") ?? ""}.${at}.`;
    const given = (said.get("webhook-signature") ?? "").split(" ").map((each) => Buffer.from(each));
    const fits = this.#keys.some((key) => {
      const wanted = Buffer.from(`v1,${createHmac("sha256", key).update(signed).update(body).digest("base64")}`);
      return given.some((each) => each.length === wanted.length && timingSafeEqual(each, wanted));
    });
    if (!fits) throw new NotGenuine("No signature fits.");
  }
}
