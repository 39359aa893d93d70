/** Waiting, where waiting helps: 429 and 503 with `Retry-After`, and requests that are safe to send again. */

export type Fetch = (request: Request) => Promise<Response>;

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const GATEWAY = new Set([502, 503, 504]);
const LONGEST = 30_000;

/**
 * Sends a request again while that may help, for `patience` milliseconds at most; then the answer stands.
 * After 429 the portal has done nothing, so anything may be sent again. After a lost connection, 502, 503 and
 * 504 only what is safe to repeat is: reads, and requests with an `Idempotency-Key`.
 */
export function patient(inner: Fetch, patience: number): Fetch {
  return async (request) => {
    const ends = Date.now() + patience;
    for (let attempt = 0; ; attempt++) {
      let response: Response | undefined;
      let lost: unknown;
      try {
        response = await inner(request.clone());
      } catch (failure) {
        lost = failure;
      }
      const pause = pauseAfter(response, attempt);
      if (request.signal.aborted || !mayHelp(request, response) || Date.now() + pause > ends) {
        if (response === undefined) throw lost;
        return response;
      }
      await response?.body?.cancel();
      await sleep(pause, request.signal);
    }
  };
}

/** For how many milliseconds to wait: as long as the answer says, else a little longer each time. */
export function pauseAfter(response: Response | undefined, attempt: number): number {
  const said = response?.headers.get("Retry-After") ?? "";
  if (/^\d+$/.test(said)) return Number(said) * 1000;
  const at = Date.parse(said);
  if (!Number.isNaN(at)) return Math.max(0, at - Date.now());
  return Math.min(2 ** attempt * 250, LONGEST) * (0.75 + Math.random() / 2);
}

/** Waits, and is woken by the signal. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}

function mayHelp(request: Request, response: Response | undefined): boolean {
  if (response?.status === 429) return true;
  if (response !== undefined && !GATEWAY.has(response.status)) return false;
  return SAFE.has(request.method) || request.headers.has("Idempotency-Key");
}
