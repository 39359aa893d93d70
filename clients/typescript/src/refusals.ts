/** What the portal refuses, and what stands in the way of asking it. */

/** The portal refused a request (RFC 9457); go by `code`, and show `detail` to people. */
export class Refused extends Error {
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;

  constructor(
    readonly status: number,
    readonly document: Record<string, unknown>,
  ) {
    const code = String(document["code"] ?? "");
    const detail = String(document["detail"] ?? document["title"] ?? "");
    super(`${status} ${code}: ${detail}`);
    this.name = new.target.name;
    this.code = code;
    this.detail = detail;
    this.requestId = String(document["request_id"] ?? "");
  }

  /** Whether the same request may be answered otherwise a little later. */
  get isTemporary(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The feed no longer keeps what follows the cursor: read the estate afresh, then go on from `oldest`. */
export class CursorExpired extends Refused {
  get oldest(): number {
    return Number(this.document["oldest"] ?? 0);
  }
}

/** The portal gives no token for this id and secret. Asking again with them helps nobody. */
export class AccessRefused extends Error {
  override name = "AccessRefused";
}

/** There is no stream at this address: name the one it has (`streamUrl`), or follow by poll. */
export class NoStream extends Error {
  override name = "NoStream";
}

/** A webhook call that did not come from the portal, or not just now. */
export class NotGenuine extends Error {
  override name = "NotGenuine";
}

/** Makes the error that fits an answer. */
export async function refusal(response: Response): Promise<Refused> {
  const text = await response.text();
  let document: Record<string, unknown> = {};
  try {
    document = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // a page of some proxy
  }
  const kind = document["code"] === "cursor_expired" ? CursorExpired : Refused;
  return new kind(response.status, document);
}
